using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Builds.Gateway.Securing;

/// <summary>
/// 256 random bits behind a prefix by which people and scanners know what they found. Only the hash is kept.
/// </summary>
public static class Secret
{
    public static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>
    /// Of 256 random bits a plain hash is enough; looking one up by it tells nothing about another by its time.
    /// </summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
