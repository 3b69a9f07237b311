using System.Text.Json;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// <c>org.opencontainers.image.base.name</c> and <c>.digest</c> (image-spec, annotations.md), as annotations or labels.
/// </summary>
internal static class BaseAnnotations
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
        var bare = name.Split('@')[0];
        var isPinned = bare.Length < name.Length;
        if (isPinned && name[(bare.Length + 1)..] is { Length: > 0 } pin && !NameRules.IsDigest(pin))
            return null;
        var slash = bare.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : bare[..slash];
        var hasRegistry = first == "localhost" || first.AsSpan().ContainsAny(".:")
            || first.Any(char.IsAsciiLetterUpper);
        var registry = hasRegistry ? first : KnownRegistryOptions.DockerHub;
        var rest = hasRegistry ? bare[(slash + 1)..] : bare;
        var colon = rest.LastIndexOf(':');
        var repository = colon < 0 ? rest : rest[..colon];
        var tag = colon < 0 ? (isPinned ? null : "latest") : rest[(colon + 1)..];
        if (registry is "index.docker.io" or "registry-1.docker.io")
            registry = KnownRegistryOptions.DockerHub;
        if (registry == KnownRegistryOptions.DockerHub && !repository.Contains('/', StringComparison.Ordinal))
            repository = "library/" + repository;
        return NameRules.IsDigest(digest) && NameRules.IsHost(registry) && NameRules.IsRepository(repository)
            && (tag is null || NameRules.IsTag(tag))
            ? new SeenBase(registry, repository, tag, digest)
            : null;
    }
}
