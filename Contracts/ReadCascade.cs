namespace Builds.Contracts;

/// <summary>How far has this cascade come?</summary>
public sealed record ReadCascade
{
    public required Guid CascadeId { get; init; }
}

/// <summary>Answer to <see cref="ReadCascade"/>.</summary>
public sealed record CascadeDetails
{
    /// <summary>Left out where no such cascade is known.</summary>
    public CascadeSummary? Cascade { get; init; }

    /// <summary>The nearest to the root first; at most 10 000.</summary>
    public required IReadOnlyList<CascadeNode> Nodes { get; init; }
}
