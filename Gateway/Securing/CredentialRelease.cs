using System.Text.Json;
using System.Text.RegularExpressions;
using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Securing;

/// <summary>
/// Which credentials a claim is answered with. Whoever may publish a request could otherwise send the credentials of a
/// definition to a server of their own.
/// </summary>
public sealed partial class CredentialRelease(IOptions<RegistryOptions> registry)
{
    private const string SelectDefinition = """
        select definition from image where registry = @registry and repository = @repository
        """;

    private const string SelectSealed = """
        select name as Name, host as Host, sealed as Sealed from credential where name in @names
        """;

    /// <returns>
    /// The publisher's own where it sealed some; those of the definition where git URL and registry are the
    /// definition's; null otherwise.
    /// </returns>
    public SealedCredentials? For(SqliteConnection db, BuildRequested request)
    {
        if (request.Credentials is not null)
            return request.Credentials;

        var json = db.ExecuteScalar<string?>(SelectDefinition, new
        {
            registry = request.Image.Registry ?? registry.Value.Default,
            repository = request.Image.Repository,
        });
        if (json is null)
            return null;

        var definition = JsonSerializer.Deserialize<ImageDefinition>(json, BuildQueue.Json)!;
        return definition.Credentials is { } named && IsSameRepository(definition.Git, request.Source.Git)
            ? Select(db, named)
            : null;
    }

    private static SealedCredentials Select(SqliteConnection db, DefinitionCredentials named)
    {
        var names = named.Git is null ? named.Registries : named.Registries.Append(named.Git);
        var found = db.Query<Credential>(SelectSealed, new { names }).AsList();
        return new SealedCredentials
        {
            Git = found.Find(one => one.Name == named.Git)?.Sealed,
            Registries = found.Where(one => named.Registries.Contains(one.Name))
                .ToDictionary(one => one.Host, one => one.Sealed),
        };
    }

    /// <summary>
    /// The same but for the case of scheme and host, the scheme's own port, and a <c>/</c> or <c>.git</c> at the end.
    /// What is written in any other way is another repository.
    /// </summary>
    public static bool IsSameRepository(string one, string other) =>
        Normalized(one) is { } normalized && normalized == Normalized(other);

    private static string? Normalized(string git)
    {
        if (UrlPattern().Match(git) is not { Success: true } url)
            return ScpPattern().IsMatch(git) ? WithoutEnd(git) : null;

        var scheme = url.Groups["scheme"].Value.ToLowerInvariant();
        var port = (scheme, url.Groups["port"].Value) switch
        {
            ("https", "443") or ("http", "80") or ("ssh", "22") => "",
            var (_, written) => written,
        };
        var host = url.Groups["host"].Value.ToLowerInvariant();
        return $"{scheme}://{url.Groups["user"].Value}@{host}:{port}{WithoutEnd(url.Groups["path"].Value)}";
    }

    private static string WithoutEnd(string path)
    {
        path = path.TrimEnd('/');
        return path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
    }

    [GeneratedRegex("""
        \A (?<scheme> (?i:https?|ssh) ) ://
        ( (?<user> [^@/:?\#\\\s]* ) @ )?
        (?<host> [^@/:?\#\\\s\[\]]+ | \[[0-9a-fA-F:.]+\] )
        ( : (?<port> [0-9]{1,5} ) )?
        (?<path> / [^?\#\\\s]* ) \z
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex UrlPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^:?#\\\s][^?#\\\s]*\z")]
    private static partial Regex ScpPattern();

    private sealed record Credential(string Name, string Host, string Sealed);
}
