using System.Text.Json;
using Builds.Contracts;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Reads what lies under a digest (image-spec: manifest, image-index, config; Docker's schemas 1 and 2). Of layers only
/// the digests are looked at. For one digest: it counts what it has read.
/// </summary>
internal sealed class ManifestReader(RegistryClient registry, ImageReference image)
{
    private const int MostNested = 4;      // an index of indexes is rare, and one of those is unheard of
    private const int MostManifests = 300; // the largest indexes of official images have some 30, attestations included

    private readonly Dictionary<string, SeenManifest?> _seen = []; // an index may name one for several platforms
    private int _left = MostManifests;
    private bool _isIncomplete;

    public async Task<SeenManifest> ReadAsync(string digest, CancellationToken cancel)
    {
        try
        {
            return await ReadAsync(digest, 0, cancel);
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new ManifestBadException($"It cannot be read: {e.Message}", e);
        }
    }

    private async Task<SeenManifest> ReadAsync(string digest, int depth, CancellationToken cancel)
    {
        // So many end also what contains itself, which takes a digest that does not match or a broken hash.
        if (depth > MostNested)
            throw new ManifestBadException($"It is an index of more than {MostNested} storeys.");

        var (bytes, sent) = await ManifestAsync(digest, cancel);
        using var json = JsonDocument.Parse(bytes);
        var root = json.RootElement;
        var type = Text(root, "mediaType") ?? sent;
        var isIndex = root.TryGetProperty("manifests", out _);
        var isSchema1 = root.TryGetProperty("fsLayers", out _);
        if (isIndex && (isSchema1 || root.TryGetProperty("layers", out _) || root.TryGetProperty("config", out _)))
            throw new ManifestBadException(
                "It is an index and an image at once, so that everybody may read another thing.");
        if (isIndex || MediaTypes.IsIndex(type))
            return await IndexAsync(digest, type, root, depth, cancel);
        if (isSchema1 || MediaTypes.IsSchema1(type))
            return Schema1Reader.Read(digest, type, root);
        if (!MediaTypes.IsImage(type) || !root.TryGetProperty("config", out var config)
            || !MediaTypes.IsConfig(Text(config, "mediaType"), type) || root.TryGetProperty("artifactType", out _)
            || Provenance.IsAttestation(root))
            return new SeenOther { Digest = digest, MediaType = type };
        return await ImageAsync(digest, type, root, config, cancel);
    }

    private Task<(byte[] Bytes, string MediaType)> ManifestAsync(string digest, CancellationToken cancel) => _left-- > 0
        ? registry.ManifestAsync(image, digest, cancel)
        : throw new ManifestBadException($"There are more than {MostManifests} manifests in it.");

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
        string digest, string type, JsonElement root, int depth, CancellationToken cancel)
    {
        var images = new Dictionary<string, SeenImage>();
        var provenance = new Dictionary<string, IReadOnlyList<SeenBase>>();
        foreach (var entry in root.GetProperty("manifests").EnumerateArray())
        {
            var child = Text(entry, "digest") ?? throw new ManifestBadException("An entry of the index has no digest.");
            if (!IsAttestation(entry, out var subject))
                Add(await ChildAsync(child, depth + 1, cancel), images, provenance);
            else if (subject is not null && await AttestedAsync(child, cancel) is { Count: > 0 } bases)
                provenance[subject] = bases;
        }

        return new SeenIndex
        {
            Digest = digest,
            MediaType = type,
            Images = [.. images.Values],
            Provenance = provenance,
            Base = BaseAnnotations.Read(Property(root, "annotations")),
            IsIncomplete = _isIncomplete,
        };
    }

    /// <returns>
    /// Null where it is not there: a registry may hold some of the platforms only, or not yet have them everywhere.
    /// </returns>
    private async Task<SeenManifest?> ChildAsync(string digest, int depth, CancellationToken cancel)
    {
        if (_seen.TryGetValue(digest, out var seen))
            return seen;
        try
        {
            return _seen[digest] = await ReadAsync(digest, depth, cancel);
        }
        catch (ManifestGoneException)
        {
            _isIncomplete = true;
            return _seen[digest] = null;
        }
        catch (ManifestBadException e)
        {
            throw new ManifestBadException($"{digest}, which is in it, cannot be used: {e.Message}", e)
            {
                MayPass = e.MayPass,
            };
        }
    }

    private static void Add(
        SeenManifest? seen,
        Dictionary<string, SeenImage> images,
        Dictionary<string, IReadOnlyList<SeenBase>> provenance)
    {
        if (seen is SeenImage one)
            images[one.Digest] = one;
        if (seen is not SeenIndex nested)
            return;
        foreach (var each in nested.Images)
            images[each.Digest] = each;
        foreach (var (subject, bases) in nested.Provenance)
            provenance[subject] = bases;
    }

    private static bool IsAttestation(JsonElement entry, out string? subject)
    {
        var annotations = Property(entry, "annotations");
        subject = Text(annotations, "vnd.docker.reference.digest");
        return Text(annotations, "vnd.docker.reference.type") is not null
            || Text(Property(entry, "platform"), "os") == "unknown";
    }

    /// <summary>One that cannot be read says nothing, and weaker evidence has to do.</summary>
    private async Task<IReadOnlyList<SeenBase>> AttestedAsync(string digest, CancellationToken cancel)
    {
        try
        {
            var (bytes, _) = await ManifestAsync(digest, cancel);
            using var manifest = JsonDocument.Parse(bytes);
            return Property(manifest.RootElement, "layers") is { ValueKind: JsonValueKind.Array } layers
                ? await MaterialsAsync([.. layers.EnumerateArray().Where(Provenance.IsProvenance)], cancel)
                : [];
        }
        catch (Exception e) when (_left >= 0 && e is ManifestGoneException or ManifestBadException or JsonException
            or InvalidOperationException)
        {
            _isIncomplete |= e is ManifestGoneException or ManifestBadException { MayPass: true };
            return [];
        }
    }

    private async Task<IReadOnlyList<SeenBase>> MaterialsAsync(List<JsonElement> layers, CancellationToken cancel)
    {
        var bases = new HashSet<SeenBase>();
        foreach (var layer in layers.Take(Provenance.MostStatements))
        {
            var bytes = await registry.BlobAsync(image, Text(layer, "digest") ?? "", cancel);
            using var statement = JsonDocument.Parse(bytes);
            bases.UnionWith(Provenance.Read(statement.RootElement));
        }

        return [.. bases];
    }

    internal static JsonElement Property(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? value : default;

    internal static string? Text(JsonElement owner, string name) =>
        Property(owner, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
