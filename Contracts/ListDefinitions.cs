namespace Builds.Contracts;

/// <summary>All definitions, please: GraphTracker's way to catch up.</summary>
public sealed record ListDefinitions
{
    /// <summary>Continue behind this image; from the first where left out.</summary>
    public ImageReference? After { get; init; }
}

/// <summary>Answer to <see cref="ListDefinitions"/>: at most 500, in order.</summary>
public sealed record Definitions
{
    public required IReadOnlyList<ImageDefined> Images { get; init; }

    /// <summary>Ask again with this as <see cref="ListDefinitions.After"/>; left out at the end.</summary>
    public ImageReference? Next { get; init; }
}
