namespace Builds.Worker.Images;

/// <summary>How a machine's Docker daemon is reached.</summary>
/// <param name="Address"><c>unix:///…</c> or <c>tcp://host:port</c>.</param>
/// <param name="Certificates">Folder with <c>ca.pem</c>, <c>cert.pem</c> and <c>key.pem</c>; null for a unix
/// socket.</param>
public sealed record DaemonEndpoint(Uri Address, string? Certificates);
