namespace Builds.Contracts;

/// <summary>An image stands on an old version of another.</summary>
public sealed record ImageOutdated
{
    public required ImageReference Image { get; init; }
    public required string Tag { get; init; }
    public required string Digest { get; init; }

    /// <summary>The base, with its tag.</summary>
    public required string Base { get; init; }

    public required string OldDigest { get; init; }
    public required string NewDigest { get; init; }

    /// <summary>What says that the image stands on the base: build record, provenance, annotation or layers.</summary>
    public required string Evidence { get; init; }

    /// <summary>The image in between, where it is not directly outdated.</summary>
    public string? Through { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary>
    /// What happens now: a rebuild is queued, blocked by another, pinned, kept by policy, not defined here.
    /// </summary>
    public required string Next { get; init; }
}
