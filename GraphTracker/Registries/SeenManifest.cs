namespace Builds.GraphTracker.Registries;

/// <summary>What a registry has under a digest, read whole and checked against the digest.</summary>
public abstract record SeenManifest
{
    public required string Digest { get; init; }
    public required string MediaType { get; init; }
}

/// <summary>An image for one platform: Docker schema 1 and 2, OCI.</summary>
public sealed record SeenImage : SeenManifest
{
    /// <summary>os/architecture or os/architecture/variant.</summary>
    public required string Platform { get; init; }

    /// <summary>Digests of the uncompressed layers, base first; empty for <c>FROM scratch</c> alone, and
    /// for schema 1, which does not name them.</summary>
    public required IReadOnlyList<string> DiffIds { get; init; }

    /// <summary>SHA-256 of the diff_ids and of the config without its times: equal where nothing has changed.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>What each step did, the empty ones among them, oldest first; empty where it is not recorded.</summary>
    public required IReadOnlyList<string> History { get; init; }

    /// <summary>By annotation or label <c>org.opencontainers.image.base.name</c> and <c>.digest</c>.</summary>
    public SeenBase? Base { get; init; }
}

/// <summary>
/// A manifest list or an index, with the images of those in it; attestations and artifacts are left out.
/// </summary>
public sealed record SeenIndex : SeenManifest
{
    public required IReadOnlyList<SeenImage> Images { get; init; }

    /// <summary>What attestations of this index say, by digest of the image they are about.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<SeenBase>> Provenance { get; init; }

    /// <summary>By annotation of the index.</summary>
    public SeenBase? Base { get; init; }

    /// <summary>Something in it is not there, or is damaged: it may not have come yet.</summary>
    public bool IsIncomplete { get; init; }
}

/// <summary>No image: a chart, a signature, an attestation, an artifact.</summary>
public sealed record SeenOther : SeenManifest;

/// <summary>A base image as somebody else named it.</summary>
/// <param name="Registry">Canonical, filled in.</param>
/// <param name="Tag">Null where only the digest is named.</param>
public sealed record SeenBase(string Registry, string Repository, string? Tag, string Digest)
{
    /// <summary>A rebuild takes the same again, wherever the tag points by then.</summary>
    public bool IsPinned { get; init; }
}
