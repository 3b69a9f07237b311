namespace Builds.Contracts;

/// <summary>What does this image stand on, and what stands on it?</summary>
public sealed record ReadGraph
{
    public required ImageReference Image { get; init; }

    /// <summary>All tags where left out.</summary>
    public string? Tag { get; init; }
}

/// <summary>Answer to <see cref="ReadGraph"/>; without tags where the image is not known.</summary>
public sealed record ImageGraph
{
    public required ImageReference Image { get; init; }
    public required IReadOnlyList<GraphTag> Tags { get; init; }

    /// <summary>All that these tags stand on, the nearest first.</summary>
    public required IReadOnlyList<GraphEdge> Ancestors { get; init; }

    /// <summary>All that stands on these tags, the nearest first.</summary>
    public required IReadOnlyList<GraphEdge> Descendants { get; init; }

    /// <summary>There is more than an answer can hold.</summary>
    public required bool Truncated { get; init; }
}

/// <summary>A tag and what it points to.</summary>
public sealed record GraphTag
{
    public required string Tag { get; init; }

    /// <summary>Left out where the tag was deleted.</summary>
    public string? Digest { get; init; }

    public required IReadOnlyList<string> Platforms { get; init; }

    /// <summary>How often it has moved.</summary>
    public required int Moves { get; init; }

    public DateTimeOffset? MovedAt { get; init; }

    /// <summary>Images with the same layers, of which nothing says who stands on whom.</summary>
    public required IReadOnlyList<string> SameLayers { get; init; }
}

/// <summary>One tag stands on another.</summary>
public sealed record GraphEdge
{
    /// <summary>With registry and tag.</summary>
    public required string Child { get; init; }

    /// <summary>With registry and tag.</summary>
    public required string Base { get; init; }

    /// <summary>The version of the base that the child stands on.</summary>
    public required string BaseDigest { get; init; }

    /// <summary>finalFrom, from, copyFrom, mount or frontend.</summary>
    public required string Kind { get; init; }

    /// <summary>build record, provenance, annotation or layers.</summary>
    public required string Evidence { get; init; }

    public required bool Pinned { get; init; }

    /// <summary>The base has moved on.</summary>
    public required bool Outdated { get; init; }

    /// <summary>Steps from the image that was asked for; 1 for its own bases and children.</summary>
    public required int Depth { get; init; }
}
