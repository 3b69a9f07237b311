using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Builds.Contracts;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Reads what lies under a digest (image-spec: manifest, image-index, config; Docker's schemas 1 and 2). Of layers only
/// the digests are looked at.
/// </summary>
internal sealed class ManifestReader(RegistryClient registry, ImageReference image)
{
    private const int MostNested = 4;
    private const int MostImages = 200;

    public async Task<SeenManifest> ReadAsync(string digest, CancellationToken cancel)
    {
        try
        {
            return await ReadAsync(digest, [], cancel);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new ManifestBadException($"It cannot be read: {e.Message}", e);
        }
    }

    private async Task<SeenManifest> ReadAsync(string digest, List<string> above, CancellationToken cancel)
    {
        if (above.Contains(digest))
            throw new ManifestBadException($"The index {digest} contains itself.");
        if (above.Count > MostNested)
            throw new ManifestBadException($"It is an index of more than {MostNested} storeys.");

        var (bytes, sent) = await registry.ManifestAsync(image, digest, cancel);
        using var json = JsonDocument.Parse(bytes);
        var root = json.RootElement;
        var type = Text(root, "mediaType") ?? sent;
        if (MediaTypes.IsIndex(type) || root.TryGetProperty("manifests", out _))
            return await IndexAsync(digest, type, root, [.. above, digest], cancel);
        if (MediaTypes.IsSchema1(type) || root.TryGetProperty("fsLayers", out _))
            return Schema1Reader.Read(digest, type, root);
        if (!MediaTypes.IsImage(type) || !root.TryGetProperty("config", out var config)
            || !MediaTypes.IsConfig(Text(config, "mediaType")) || root.TryGetProperty("artifactType", out _))
            return new SeenOther { Digest = digest, MediaType = type };
        return await ImageAsync(digest, type, root, config, cancel);
    }

    private async Task<SeenImage> ImageAsync(
        string digest, string type, JsonElement root, JsonElement config, CancellationToken cancel)
    {
        var bytes = await registry.BlobAsync(image, Text(config, "digest") ?? "", cancel);
        using var json = ParsedConfig(bytes);
        var read = ImageConfig.Read(json.RootElement);
        var layers = root.TryGetProperty("layers", out var listed) ? listed.GetArrayLength() : 0;
        if (layers != read.DiffIds.Count)
            throw new ManifestBadException(
                $"It has {layers} layers, and its configuration names {read.DiffIds.Count} diff_ids.");
        return new SeenImage
        {
            Digest = digest,
            MediaType = type,
            Platform = read.Platform,
            DiffIds = read.DiffIds,
            Content = read.Content,
            History = read.History,
            Base = BaseAnnotations.Read(Property(root, "annotations")) ?? BaseAnnotations.Read(read.Labels),
        };
    }

    private static JsonDocument ParsedConfig(byte[] bytes)
    {
        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw new ManifestBadException($"Its configuration is not JSON: {e.Message}", e);
        }
    }

    private async Task<SeenIndex> IndexAsync(
        string digest, string type, JsonElement root, List<string> above, CancellationToken cancel)
    {
        var images = new List<SeenImage>();
        var provenance = new Dictionary<string, IReadOnlyList<SeenBase>>();
        foreach (var entry in root.GetProperty("manifests").EnumerateArray())
        {
            var child = Text(entry, "digest") ?? throw new ManifestBadException("An entry of the index has no digest.");
            if (IsAttestation(entry, out var subject))
            {
                if (subject is not null)
                    await AddProvenanceAsync(provenance, subject, child, cancel);
                continue;
            }

            await AddAsync(images, provenance, child, above, cancel);
            if (images.Count > MostImages)
                throw new ManifestBadException($"The index has more than {MostImages} images.");
        }

        return new SeenIndex
        {
            Digest = digest,
            MediaType = type,
            Images = [.. images.DistinctBy(one => one.Digest)],
            Provenance = provenance,
            Base = BaseAnnotations.Read(Property(root, "annotations")),
        };
    }

    // One that is not there (a registry may hold some of the platforms only) leaves the others as they are.
    private async Task AddAsync(
        List<SeenImage> images, Dictionary<string, IReadOnlyList<SeenBase>> provenance, string child,
        List<string> above, CancellationToken cancel)
    {
        SeenManifest seen;
        try
        {
            seen = await ReadAsync(child, above, cancel);
        }
        catch (ManifestGoneException)
        {
            return;
        }

        if (seen is SeenImage one)
            images.Add(one);
        if (seen is not SeenIndex nested)
            return;
        images.AddRange(nested.Images);
        foreach (var (subject, bases) in nested.Provenance)
            provenance[subject] = bases;
    }

    private static bool IsAttestation(JsonElement entry, out string? subject)
    {
        var annotations = Property(entry, "annotations");
        subject = Text(annotations, "vnd.docker.reference.digest");
        return Text(annotations, "vnd.docker.reference.type") == "attestation-manifest"
            || Text(Property(entry, "platform"), "os") == "unknown";
    }

    private async Task AddProvenanceAsync(
        Dictionary<string, IReadOnlyList<SeenBase>> provenance, string subject, string digest, CancellationToken cancel)
    {
        try
        {
            var (bytes, _) = await registry.ManifestAsync(image, digest, cancel);
            using var manifest = JsonDocument.Parse(bytes);
            foreach (var layer in manifest.RootElement.GetProperty("layers").EnumerateArray())
            {
                if (Text(layer, "mediaType") != "application/vnd.in-toto+json")
                    continue;
                using var statement = JsonDocument.Parse(
                    await registry.BlobAsync(image, Text(layer, "digest") ?? "", cancel));
                if (Provenance.Read(statement.RootElement) is { Count: > 0 } bases)
                    provenance[subject] = bases;
            }
        }
        catch (Exception e) when (e is ManifestGoneException or ManifestBadException or JsonException
            or KeyNotFoundException or InvalidOperationException)
        {
            // an attestation that cannot be read says nothing; weaker evidence has to do
        }
    }

    internal static JsonElement Property(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? value : default;

    internal static string? Text(JsonElement owner, string name) =>
        Property(owner, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}

/// <summary>
/// Docker's schema 1, read-only: the newest layer first, the same empty one for each step without, and no configuration
/// beside. What the layers hold once unpacked is not said, so nothing stands on it by its layers.
/// </summary>
internal static class Schema1Reader
{
    private const string Empty = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";

    public static SeenImage Read(string digest, string type, JsonElement root)
    {
        var blobs = root.GetProperty("fsLayers").EnumerateArray()
            .Select(layer => layer.GetProperty("blobSum").GetString()!)
            .Where(blob => blob != Empty)
            .Reverse()
            .ToList();
        return new SeenImage
        {
            Digest = digest,
            MediaType = type,
            Platform = "linux/" + (ManifestReader.Text(root, "architecture") ?? "amd64"),
            DiffIds = [],
            Content = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', blobs))),
            History = [],
        };
    }
}
