using System.Text.Json;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// What an image was built from, by its provenance (in-toto statement; SLSA v0.2 <c>materials</c>, v1
/// <c>resolvedDependencies</c>). It names the images of all stages, and not which is the final base.
/// </summary>
internal static class Provenance
{
    private const string Prefix = "pkg:docker/";

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
        var name = Uri.UnescapeDataString(uri[Prefix.Length..].Split('?')[0]).Split('@');
        return BaseAnnotations.Named(name.Length > 1 ? $"{name[0]}:{name[1]}" : name[0] + "@", "sha256:" + digest);
    }
}
