using System.Security.Cryptography;
using System.Text;

namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>Ids that are the same for the same thing, however often it is decided.</summary>
internal static class DerivedIds
{
    /// <summary>Of the cascade that a move begins.</summary>
    internal static string CascadeIdOf(Move move) => Hash("cascade", move.Name, $"{move.At}").ToString();

    /// <summary>
    /// Of a rebuild. Each move has a name of its own, also where a base goes back and forth; each further try a number.
    /// </summary>
    internal static Guid BuildIdOf(Move move, string image, string tag, int @try) =>
        Hash("rebuild", move.Name, $"{move.At}", image, tag, $"{@try}");

    // A name-based UUID of version 8 (RFC 9562): the first 16 bytes of a SHA-256.
    private static Guid Hash(params string[] parts)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts)))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
