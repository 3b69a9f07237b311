using Docker.DotNet.Models;

namespace Builds.Worker.Images;

internal static class DaemonAccess
{
    /// <summary>What the daemon shows the registry. It exchanges an identity token by itself, and again when the
    /// exchanged one ends in the middle of a push; a token that the registry takes as it is, it only passes
    /// on.</summary>
    public static async Task<AuthConfig?> ForAsync(
        RegistryClient registry, ImageName image, RegistryCredential? credential, CancellationToken cancel) =>
            credential switch
    {
        null => null,
        { Token: null } => new AuthConfig { ServerAddress = credential.Host, Username = credential.Username,
            Password = credential.Password },
        _ when await registry.TakesTokenAsync(image, credential, cancel) =>
            new AuthConfig { ServerAddress = credential.Host, RegistryToken = credential.Token },
        _ => new AuthConfig { ServerAddress = credential.Host, IdentityToken = credential.Token },
    };
}
