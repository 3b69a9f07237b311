using System.Text.Json;

namespace Builds.Worker.Images;

/// <summary>A manifest or an index of manifests, as a registry has it (OCI image specification, Docker schema
/// 2).</summary>
/// <param name="Digest">Of the bytes themselves.</param>
public sealed record Manifest(ImageName Image, string Digest, string MediaType, ReadOnlyMemory<byte> Content)
{
    public static readonly IReadOnlyList<string> MediaTypes =
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ];

    /// <summary>The platforms of an index without what is no image (attestations); null where it is not an
    /// index.</summary>
    public IReadOnlyList<Platform>? Platforms()
    {
        using var json = JsonDocument.Parse(Content);
        if (!json.RootElement.TryGetProperty("manifests", out var manifests))
            return null;

        var platforms = new List<Platform>();
        foreach (var manifest in manifests.EnumerateArray())
            if (manifest.TryGetProperty("platform", out var platform)
                && PlatformOf(platform) is { Os: not "unknown" } known)
                platforms.Add(known);
        return platforms;
    }

    /// <summary>Digest of the configuration; null for an index and for what is older than schema 2.</summary>
    public string? Config()
    {
        using var json = JsonDocument.Parse(Content);
        return json.RootElement.TryGetProperty("config", out var config)
            ? config.GetProperty("digest").GetString() : null;
    }

    /// <summary>Digests of what is in an index; none where it is not one.</summary>
    public IReadOnlyList<string> Children()
    {
        using var json = JsonDocument.Parse(Content);
        return json.RootElement.TryGetProperty("manifests", out var manifests)
            ? [.. manifests.EnumerateArray().Select(manifest => manifest.GetProperty("digest").GetString()!)]
            : [];
    }

    /// <summary>A label in a configuration; null where that has none, or is something else.</summary>
    public static string? LabelOf(ReadOnlyMemory<byte> config, string label)
    {
        try
        {
            using var json = JsonDocument.Parse(config);
            return json.RootElement.TryGetProperty("config", out var settings)
                && settings.ValueKind == JsonValueKind.Object && settings.TryGetProperty("Labels", out var labels)
                && labels.ValueKind == JsonValueKind.Object
                && labels.TryGetProperty(label, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    public static Platform? PlatformOf(JsonElement json) =>
        json.TryGetProperty("os", out var os) && json.TryGetProperty("architecture", out var architecture)
            ? Platform.Of(
                os.GetString() ?? "",
                architecture.GetString() ?? "",
                json.TryGetProperty("variant", out var variant) ? variant.GetString() : null)
            : null;
}
