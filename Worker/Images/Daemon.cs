namespace Builds.Worker.Images;

/// <summary>How a machine's Docker daemon is reached.</summary>
/// <param name="Address"><c>unix:///…</c> or <c>tcp://host:port</c>.</param>
/// <param name="Certificates">Folder with <c>ca.pem</c>, <c>cert.pem</c> and <c>key.pem</c>; null for a unix
/// socket.</param>
public sealed record DaemonEndpoint(Uri Address, string? Certificates)
{
    /// <summary>Pipe of the tokens for its RUNs' output, see <see cref="Pace"/>; null where they print as fast as they
    /// can.</summary>
    public string? Tokens { get; init; }

    /// <summary>For large files of one build: on this host, gone when the machine is.</summary>
    public string Folder { get; init; } = Path.GetTempPath();
}
