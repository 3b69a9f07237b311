using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Docker's schema 1, read-only: the newest layer first, the same empty one for each step without, and no configuration
/// beside. What the layers hold once unpacked is not said, so there are no diff_ids, and nothing stands on it by its
/// layers; by tag and digest it is known as any other.
/// </summary>
internal static class Schema1Reader
{
    private const string Empty = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";

    public static SeenImage Read(string digest, string type, JsonElement root)
    {
        var blobs = root.GetProperty("fsLayers").EnumerateArray()
            .Select(layer => layer.GetProperty("blobSum").GetString() ?? "")
            .Where(blob => blob != Empty)
            .Reverse();
        using var newest = Newest(root);
        byte[] content =
        [
            .. newest is null ? [] : ImageConfig.ContentOf(newest.RootElement),
            .. Encoding.UTF8.GetBytes(string.Join('\n', blobs)),
        ];
        return new SeenImage
        {
            Digest = digest,
            MediaType = type,
            Platform = $"{(newest is null ? null : ManifestReader.Text(newest.RootElement, "os")) ?? "linux"}/"
                + (ManifestReader.Text(root, "architecture") ?? "amd64"),
            DiffIds = [],
            Content = SHA256.HashData(content),
            History = [],
        };
    }

    /// <summary>What the digest is of: without the signatures, which stand in the middle of it.</summary>
    public static byte[] Signed(byte[] bytes, string type)
    {
        if (type != MediaTypes.Schema1)
            return bytes;
        try
        {
            using var json = JsonDocument.Parse(bytes);
            if (ManifestReader.Property(json.RootElement, "signatures")
                    is not { ValueKind: JsonValueKind.Array } signatures
                || signatures.GetArrayLength() == 0)
                return bytes;
            using var frame = JsonDocument.Parse(
                Base64Url.DecodeFromChars(ManifestReader.Text(signatures[0], "protected") ?? ""));
            var length = frame.RootElement.GetProperty("formatLength").GetInt32();
            var tail = Base64Url.DecodeFromChars(ManifestReader.Text(frame.RootElement, "formatTail") ?? "");
            return [.. bytes.AsSpan(0, Math.Clamp(length, 0, bytes.Length)), .. tail];
        }
        catch (Exception e)
            when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ManifestBadException($"Its signatures cannot be read: {e.Message}", e);
        }
    }

    // The first entry is the newest, with the configuration of the whole image.
    private static JsonDocument? Newest(JsonElement root) =>
        ManifestReader.Property(root, "history") is { ValueKind: JsonValueKind.Array } history
            && history.GetArrayLength() > 0 && ManifestReader.Text(history[0], "v1Compatibility") is { } text
            ? JsonDocument.Parse(text)
            : null;
}
