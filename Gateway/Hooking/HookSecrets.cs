using System.Security.Cryptography;
using Builds.Gateway.Securing;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Hooking;

/// <summary>Which registry a secret belongs to. Compared as hashes, all of them, in constant time.</summary>
public sealed class HookSecrets(IOptions<HookingOptions> options)
{
    private const int Longest = 1024;

    private readonly (string Host, byte[] Hash)[] _known =
        [.. options.Value.Registries.Select(registry => (registry.Host, Secret.Hash(registry.TheSecret)))];

    /// <returns>The canonical host; null for a secret that is nobody's.</returns>
    public string? HostOf(string? authorization)
    {
        const string scheme = "Bearer ";
        if (authorization is null || authorization.Length > Longest
            || !authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return null;

        var hash = Secret.Hash(authorization[scheme.Length..].Trim());
        string? found = null;
        foreach (var (host, known) in _known)
            if (CryptographicOperations.FixedTimeEquals(hash, known))
                found = host;
        return found;
    }
}
