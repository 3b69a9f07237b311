using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Builds.Worker.Sources;

/// <summary>
/// A git URL of which every part is understood. Only the parts travel on, so that nothing after this reads the text
/// differently. Stands on the base library alone (with <c>GitUrlGrammar.cs</c> and <c>NetworkAddress.cs</c>): the
/// Gateway compiles these files too.
/// </summary>
public sealed partial record GitUrl
{
    private const string Home = "/~/";

    private GitUrl() { }

    /// <summary><c>https</c>, <c>http</c>, <c>ssh</c> (also for <c>user@host:path</c>) or <c>file</c>.</summary>
    public required string Scheme { get; init; }

    /// <summary>
    /// Lower case, without brackets or a final dot, an address in its canonical spelling; empty for file.
    /// </summary>
    public required string Host { get; init; }

    /// <summary>The scheme's own where the URL names none; 0 for file.</summary>
    public required int Port { get; init; }

    /// <summary>Only for ssh, where it is <c>git</c> if left out.</summary>
    public string? User { get; init; }

    /// <summary>
    /// As written; starts with a slash except where it is relative to the user's home (<c>user@host:path</c>).
    /// </summary>
    public required string Path { get; init; }

    /// <summary>Equal for two spellings of the same URL: <c>https://host:443/team/api</c>.</summary>
    public string Normalized => $"{Scheme}://{At}{Bracketed}:{Port}{(Path.StartsWith('/') ? "" : Home)}{Bare(Path)}";

    /// <summary>Host and path alone, for a forge's event that names one repository by several URLs.</summary>
    public string Repository =>
        $"{Host}/{Bare(Path.StartsWith(Home, StringComparison.Ordinal) ? Path[Home.Length..] : Path).TrimStart('/')}";

    private string At => User is null ? "" : User + "@";
    private string Bracketed => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    public bool IsSameAs(GitUrl other) => Normalized == other.Normalized;

    /// <summary>The URL as git takes it; there is never a secret in it.</summary>
    public override string ToString() => this switch
    {
        { Scheme: "file" } => $"file://{Path}",
        { Scheme: "ssh" } when !Path.StartsWith('/') => $"{At}{Bracketed}:{Path}",
        _ => $"{Scheme}://{At}{Bracketed}{(Port == PortOf(Scheme) ? "" : $":{Port}")}{Path}",
    };

    /// <param name="refusal">
    /// A sentence for whoever wrote the URL; never repeats it, for there may be a secret in it.
    /// </param>
    public static bool TryParse(
        string? text, bool allowFile, [NotNullWhen(true)] out GitUrl? url, [NotNullWhen(false)] out string? refusal)
    {
        (url, refusal) = Parse(text, allowFile);
        return url is not null;
    }

    /// <summary>
    /// Why this service does not go there, or null: the host is, or resolves to, an address that is not public. A name
    /// that does not resolve is not refused; connecting will tell.
    /// </summary>
    /// <param name="allowedHosts">Hosts, or <c>host:port</c>, that are not judged by their addresses.</param>
    /// <param name="resolve">Usually <see cref="Dns.GetHostAddressesAsync(string, CancellationToken)"/>.</param>
    public async Task<string?> RefusalAsync(
        IEnumerable<string> allowedHosts,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        CancellationToken cancel)
    {
        if (Scheme == "file" || allowedHosts.Any(Allows))
            return null;
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(Host, out var literal) ? [literal] : await resolve(Host, cancel);
        }
        catch (SocketException)
        {
            return null;
        }
        if (addresses.FirstOrDefault(address => !NetworkAddress.IsPublic(address)) is not { } closed)
            return null;
        var where = closed.ToString() == Host ? "" : $"at {closed}, ";
        return $"The git host {Host} is {where}an address inside a private network, where builds may not fetch from; "
            + "an operator can allow it by name (Sources:AllowedHosts).";
    }

    private bool Allows(string allowed) =>
        allowed.Trim('[', ']').Equals(Host, StringComparison.OrdinalIgnoreCase)
        || allowed.Equals($"{Bracketed}:{Port}", StringComparison.OrdinalIgnoreCase);

    private static string Bare(string path)
    {
        var trimmed = path.TrimEnd('/');
        return trimmed.EndsWith(".git", StringComparison.Ordinal) ? trimmed[..^4] : trimmed;
    }

    private static int PortOf(string scheme) => scheme switch { "https" => 443, "http" => 80, "ssh" => 22, _ => 0 };
}
