using Builds.Contracts;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// Tags of one image that point to one digest and would be renewed by one build: what is decided about, and built once.
/// </summary>
public sealed record Unit
{
    /// <summary>The smallest of <see cref="Tags"/>.</summary>
    public required long Id { get; init; }

    /// <summary>With registry and, first, tag.</summary>
    public required string Name { get; init; }

    /// <summary>Ids of its tags.</summary>
    public required IReadOnlyList<long> Tags { get; init; }

    /// <summary>When they began to point to what they point to, Unix milliseconds.</summary>
    public required long Since { get; init; }

    public required IReadOnlyList<Footing> Bases { get; init; }

    /// <summary>How it is rebuilt; null where that is not known.</summary>
    public RebuildPolicy? Policy { get; init; }

    /// <summary>Why <see cref="Policy"/> is null, for the person who owns it.</summary>
    public string? Unknown { get; init; }

    /// <summary>The last rebuild of what it points to now, where one was asked for.</summary>
    public Rebuild? Rebuild { get; init; }
}

/// <summary>A unit stands on a tag.</summary>
public sealed record Footing
{
    public required long BaseTag { get; init; }

    /// <summary>With registry and tag.</summary>
    public required string Base { get; init; }

    public required string OldDigest { get; init; }
    public required string NewDigest { get; init; }

    /// <summary>finalFrom, from, copyFrom, mount or frontend.</summary>
    public required string Kind { get; init; }

    /// <summary>build record, provenance, annotation or layers.</summary>
    public required string Evidence { get; init; }

    public required bool Pinned { get; init; }

    /// <summary>The base has moved on, and what it points to now is something else.</summary>
    public required bool Stale { get; init; }

    /// <summary>The last move of the base.</summary>
    public required Move Move { get; init; }
}

/// <summary>A tag has moved.</summary>
public sealed record Move
{
    public required long Id { get; init; }

    /// <summary>The same for the same move for ever: registry/repository:tag#number.</summary>
    public required string Name { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long At { get; init; }

    /// <summary>When the first of the moves was that followed each other within the settle window.</summary>
    public required long UnsettledSince { get; init; }

    /// <summary>The cascade whose rebuild has moved it; null where somebody else has.</summary>
    public string? Cascade { get; init; }

    /// <summary>Of that rebuild; 0 where somebody else has moved it.</summary>
    public int Depth { get; init; }
}

/// <summary>A rebuild that was asked for.</summary>
/// <param name="Bases">What the bases were then: <see cref="Cascade.BasesOf"/>.</param>
/// <param name="Reason">Where it failed: why.</param>
public sealed record Rebuild(RebuildState State, Guid BuildId, string Bases, string Cascade, string? Reason);

public enum RebuildState
{
    Open,
    Done,
    Failed,

    /// <summary>It had failed, and somebody asked to try once more.</summary>
    Resumed,
}
