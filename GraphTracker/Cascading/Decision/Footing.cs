namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>A unit stands on a tag.</summary>
public sealed record Footing
{
    public required long BaseTag { get; init; }

    /// <summary>With registry and tag.</summary>
    public required string Base { get; init; }

    public required string OldDigest { get; init; }

    /// <summary>What the base points to now; empty where it was deleted.</summary>
    public required string NewDigest { get; init; }

    /// <summary>finalFrom, from, copyFrom, mount or frontend.</summary>
    public required string Kind { get; init; }

    /// <summary>build record, provenance, annotation or layers.</summary>
    public required string Evidence { get; init; }

    public required bool Pinned { get; init; }

    /// <summary>
    /// The tag in between that was deleted, with registry: nothing can be built on this base before the Dockerfile
    /// names another. Null where it is stood on directly.
    /// </summary>
    public string? Deleted { get; init; }

    /// <summary>How often the base has moved: of the same tag, the same number is the same version.</summary>
    public required long Moves { get; init; }

    /// <summary>
    /// The last move of the base, where it has moved on and now points to something else; null where it has not.
    /// </summary>
    public Move? Moved { get; init; }

    /// <summary>The base has moved on, and what it points to now is something else.</summary>
    public bool Stale => Moved is not null;
}

/// <summary>A tag has moved.</summary>
public sealed record Move
{
    public required long Id { get; init; }

    /// <summary>The same for the same move for ever: registry/repository:tag#number.</summary>
    public required string Name { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long At { get; init; }

    /// <summary>When it ceased to point to what is stood on. Unix milliseconds.</summary>
    public required long LeftAt { get; init; }

    /// <summary>
    /// When the first of the moves was that followed each other within the settle window, since it pointed to what is
    /// stood on. Unix milliseconds.
    /// </summary>
    public required long UnsettledSince { get; init; }

    /// <summary>The cascade whose rebuild has moved it; null where somebody else has.</summary>
    public string? Cascade { get; init; }

    /// <summary>Of that rebuild; 0 where somebody else has moved it.</summary>
    public int Depth { get; init; }
}
