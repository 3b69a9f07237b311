using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Queueing;
using Builds.Worker.Sources;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Securing;

/// <summary>
/// Which credentials a claim is answered with. Whoever may publish a request could otherwise send the credentials of a
/// definition to a server of their own.
/// </summary>
public sealed class CredentialRelease(IOptions<RegistryOptions> registry)
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

    /// <summary>Two spellings of one URL. What cannot be read is another repository.</summary>
    private static bool IsSameRepository(string one, string other) =>
        GitUrl.TryParse(one, allowFile: false, out var first, out _)
        && GitUrl.TryParse(other, allowFile: false, out var second, out _)
        && first.IsSameAs(second);

    private sealed record Credential(string Name, string Host, string Sealed);
}
