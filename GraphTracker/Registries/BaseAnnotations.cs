using System.Text.Json;
using System.Text.RegularExpressions;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// <c>org.opencontainers.image.base.name</c> and <c>.digest</c> (image-spec, annotations.md), as annotations or labels.
/// </summary>
internal static partial class BaseAnnotations
{
    public static SeenBase? Read(JsonElement annotations) =>
        ManifestReader.Text(annotations, "org.opencontainers.image.base.digest") is { } digest
            && ManifestReader.Text(annotations, "org.opencontainers.image.base.name") is { } name
            ? Named(name, digest)
            : null;

    /// <summary>A name as people write it, in full: <c>debian</c> is docker.io/library/debian:latest.</summary>
    /// <returns>Null where it is no name, or the digest none.</returns>
    public static SeenBase? Named(string name, string digest)
    {
        if (digest.Length != 71 || !digest.StartsWith("sha256:", StringComparison.Ordinal))
            return null;
        var bare = name.Split('@')[0];
        var isPinned = bare.Length < name.Length;
        var slash = bare.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : bare[..slash];
        var hasRegistry = first == "localhost" || first.AsSpan().ContainsAny(".:");
        var registry = hasRegistry ? first : "docker.io";
        var rest = hasRegistry ? bare[(slash + 1)..] : bare;
        var colon = rest.LastIndexOf(':');
        var repository = colon < 0 ? rest : rest[..colon];
        var tag = colon < 0 ? (isPinned ? null : "latest") : rest[(colon + 1)..];
        if (registry is "index.docker.io" or "registry-1.docker.io")
            registry = "docker.io";
        if (registry == "docker.io" && !repository.Contains('/', StringComparison.Ordinal))
            repository = "library/" + repository;
        // Whoever pushes an image writes its labels: what is no name must not become a part of an address.
        return repository.Length is 0 or > 255 || !Repository().IsMatch(repository) ? null
            : new SeenBase(registry, repository, tag, digest);
    }

    [GeneratedRegex(@"\A[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Repository();
}
