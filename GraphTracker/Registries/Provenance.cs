using System.Text.Json;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// What an image was built from, by its provenance (in-toto statement; SLSA v0.2 <c>materials</c>, v1
/// <c>resolvedDependencies</c>). It names the images of all stages, and not which is the final base.
/// </summary>
internal static class Provenance
{
    /// <summary>Of one image; builders write one.</summary>
    public const int MostStatements = 4;

    private const string Prefix = "pkg:docker/";

    /// <summary>
    /// Builders write an attestation as an image, of which only the layers tell that there is nothing to run in it.
    /// </summary>
    public static bool IsAttestation(JsonElement manifest) =>
        ManifestReader.Text(ManifestReader.Property(manifest, "annotations"), "vnd.docker.reference.type") is not null
        || ManifestReader.Property(manifest, "layers") is { ValueKind: JsonValueKind.Array } layers
            && layers.GetArrayLength() > 0 && layers.EnumerateArray().All(IsStatement);

    private static bool IsStatement(JsonElement layer) =>
        ManifestReader.Text(layer, "mediaType") is { } type
        && type.StartsWith("application/vnd.in-toto", StringComparison.Ordinal);

    /// <summary>An attestation has other statements too, such as lists of packages, which can be very large.</summary>
    public static bool IsProvenance(JsonElement layer) =>
        ManifestReader.Text(layer, "mediaType") == "application/vnd.in-toto+json"
        && (ManifestReader.Text(ManifestReader.Property(layer, "annotations"), "in-toto.io/predicate-type")
            is not { } predicate || predicate.StartsWith("https://slsa.dev/provenance/", StringComparison.Ordinal));

    public static List<SeenBase> Read(JsonElement statement)
    {
        var predicate = ManifestReader.Property(statement, "predicate");
        var materials = ManifestReader.Property(predicate, "materials");
        if (materials.ValueKind != JsonValueKind.Array)
            materials = ManifestReader.Property(
                ManifestReader.Property(predicate, "buildDefinition"), "resolvedDependencies");
        return materials.ValueKind != JsonValueKind.Array
            ? []
            : [.. materials.EnumerateArray().Select(ReadOne).OfType<SeenBase>().Distinct()];
    }

    // pkg:docker/registry.example.org/team/base@1?digest=sha256:…&platform=linux%2Famd64 (package-url specification)
    private static SeenBase? ReadOne(JsonElement material)
    {
        if (ManifestReader.Text(material, "uri") is not { } uri || !uri.StartsWith(Prefix, StringComparison.Ordinal)
            || ManifestReader.Text(ManifestReader.Property(material, "digest"), "sha256") is not { } digest)
            return null;
        var (reference, qualifiers) = uri[Prefix.Length..].Split('?', 2) is [var before, var after]
            ? (before, after.Split('#')[0].Split('&'))
            : (uri[Prefix.Length..], []);
        var parts = reference.Split('@', 2);
        var name = Uri.UnescapeDataString(parts[0]);
        var version = Uri.UnescapeDataString(parts.ElementAtOrDefault(1) ?? "");
        var isTag = version.Length > 0 && !version.Contains(':', StringComparison.Ordinal);
        // BuildKit adds the digest where the FROM has one, and leaves it out where it found it by the tag.
        var isPinned = !isTag || qualifiers.Any(one => one.StartsWith("digest=", StringComparison.OrdinalIgnoreCase));
        return BaseAnnotations.Named(isTag ? $"{name}:{version}" : name + "@", "sha256:" + digest) is { } named
            ? named with { IsPinned = isPinned }
            : null;
    }
}
