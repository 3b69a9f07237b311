namespace Builds.GraphTracker.Cascading;

/// <summary>All that a decision rests on: some units, and what was decided of those outside that they stand on.</summary>
public sealed record Snapshot
{
    public required IReadOnlyList<Unit> Units { get; init; }

    /// <summary>By tag: bases that are no unit here. What is missing is current.</summary>
    public required IReadOnlyDictionary<long, Verdict> Outside { get; init; }

    /// <summary>By cascade: images that it rebuilds or has rebuilt, those among <see cref="Units"/> left out.</summary>
    public required IReadOnlyDictionary<string, int> Counted { get; init; }

    /// <summary>Cascades that somebody has ended.</summary>
    public required IReadOnlySet<string> Cancelled { get; init; }

    public required CascadeLimits Limits { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long Now { get; init; }
}

/// <param name="Settle">Milliseconds, as <paramref name="SettleLimit"/>.</param>
public sealed record CascadeLimits(long Settle, long SettleLimit, int Depth, int Images);
