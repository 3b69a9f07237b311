using System.Security.Cryptography;

namespace Builds.GraphTracker.Registries;

internal static class ContentDigest
{
    public static string Of(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <param name="digest">The one that they have to have, which says also how it is computed.</param>
    /// <exception cref="ManifestBadException">They have another.</exception>
    public static byte[] Check(byte[] bytes, string digest)
    {
        var found = digest.StartsWith("sha512:", StringComparison.Ordinal)
            ? "sha512:" + Convert.ToHexStringLower(SHA512.HashData(bytes))
            : Of(bytes);
        return found == digest
            ? bytes
            : throw new ManifestBadException($"What the registry has under {digest} is {found}.") { MayPass = true };
    }
}
