namespace Builds.Contracts;

/// <summary>What would a push to this tag set off?</summary>
public sealed record PreviewCascade
{
    public required ImageReference Image { get; init; }
    public required string Tag { get; init; }
}

/// <summary>Answer to <see cref="PreviewCascade"/>.</summary>
public sealed record CascadePreview
{
    /// <summary>With registry and tag.</summary>
    public required string Root { get; init; }

    /// <summary>False where nothing is known of this tag.</summary>
    public required bool Known { get; init; }

    /// <summary>In the order in which they would be built; at most 10 000, the first of them.</summary>
    public required IReadOnlyList<CascadeNode> Rebuilt { get; init; }

    /// <summary>
    /// Outdated then, but not rebuilt, and why not; at most 10 000 together with <see cref="Rebuilt"/>, the lowest
    /// storeys of them.
    /// </summary>
    public required IReadOnlyList<CascadeNode> Flagged { get; init; }

    /// <summary>By the builds that there were so far, several at a time; left out where there was none.</summary>
    public double? Minutes { get; init; }

    /// <summary>All that would be rebuilt, named or not; left out where nothing is known of this tag.</summary>
    public int? RebuiltCount { get; init; }

    /// <summary>
    /// All that would be outdated and not rebuilt, named or not; left out where nothing is known of this tag.
    /// </summary>
    public int? FlaggedCount { get; init; }
}

/// <summary>An image in a cascade.</summary>
public sealed record CascadeNode
{
    /// <summary>With registry.</summary>
    public required string Image { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Storeys above the image whose push began it; 1 for what stands on it directly.</summary>
    public required int Depth { get; init; }

    /// <summary>waiting, queued, done, unchanged, failed, blocked, cancelled or flagged.</summary>
    public required string State { get; init; }

    /// <summary>Why it is built, waits, is blocked or only flagged, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>Left out where it was not built yet.</summary>
    public Guid? BuildId { get; init; }

    /// <summary>From 1; grows when a failed rebuild is asked for once more.</summary>
    public int? Try { get; init; }
}
