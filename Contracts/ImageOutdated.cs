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

    /// <summary>
    /// What says that the image stands on the base: build record, provenance, annotation or layers. Of a chain the weakest.
    /// </summary>
    public required string Evidence { get; init; }

    /// <summary>The image in between, where it is not directly outdated.</summary>
    public string? Through { get; init; }

    /// <summary>
    /// When it fell behind. Later than the <see cref="ImageCurrent.Since"/> before it: of the two the later counts.
    /// </summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>
    /// What happens now: a rebuild is queued, blocked by another, pinned, kept by policy, not defined here.
    /// </summary>
    public required string Next { get; init; }

    /// <summary>The same as <see cref="Next"/>, for programs.</summary>
    public OutdatedOutlook? Outlook { get; init; }

    /// <summary>The rebuild, where one was asked for.</summary>
    public Guid? BuildId { get; init; }

    /// <summary>
    /// Grows with each word about this tag: of those with the same <see cref="Since"/> the highest counts, in whichever
    /// order they arrive.
    /// </summary>
    public long? Version { get; init; }
}

public enum OutdatedOutlook
{
    /// <summary>A rebuild is asked for, or will be as soon as the push has settled and there is room.</summary>
    Rebuild,

    /// <summary>It is rebuilt after another that it stands on.</summary>
    Waits,

    /// <summary>A rebuild has failed: somebody has to mend it and resume.</summary>
    Failed,

    /// <summary>Another that it stands on has failed.</summary>
    Blocked,

    /// <summary>Its Dockerfile names the digest of the base: a rebuild would change nothing.</summary>
    Pinned,

    /// <summary>Its definition says not to rebuild it for this.</summary>
    Policy,

    /// <summary>How to build it is not known here.</summary>
    NotDefined,

    /// <summary>It stands on itself, through others.</summary>
    Cycle,

    /// <summary>Too deep, or one too many, for one cascade.</summary>
    Limit,

    /// <summary>Its cascade was cancelled.</summary>
    Cancelled,

    /// <summary>What it stands on has to be rebuilt first, by somebody else.</summary>
    Ancestor,
}
