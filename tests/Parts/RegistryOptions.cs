using System.Net;

namespace Builds.Parts;

public sealed record RegistryOptions
{
    /// <summary>With <see cref="Password"/>: nothing is readable without them. Basic, unless <see cref="TokenAuth"/>.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>User and password are shown to a token server (WWW-Authenticate: Bearer), and its token to the registry.</summary>
    public bool TokenAuth { get; init; }

    /// <summary>Certificate of a private authority: see <see cref="Registry.CaFile"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>
    /// A daemon takes any registry on 127.0.0.0/8 without TLS or with any certificate: to see a certificate refused, give
    /// another address of this host, for example that of a <see cref="Bridge"/>.
    /// </summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Where it keeps its blobs; by default in a folder of its own. See <see cref="TinyDisk"/>.</summary>
    public string? Storage { get; init; }

    /// <summary>Where it posts its notifications.</summary>
    public Uri? Notify { get; init; }

    /// <summary>Value of the Authorization header of its notifications.</summary>
    public string? NotifyAuthorization { get; init; }
}
