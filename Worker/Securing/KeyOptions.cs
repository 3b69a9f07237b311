using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Securing;

/// <summary>The <c>Keys</c> section of configuration.</summary>
public sealed class KeyOptions
{
    /// <summary>
    /// Folder with the private keys that sealed credentials are opened with, <c>{kid}.pem</c> each, readable by workers
    /// only. Without it builds have no credentials.
    /// </summary>
    public string? Folder { get; init; }
}
