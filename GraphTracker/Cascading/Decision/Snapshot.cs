namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>All that a decision rests on: some units, and what was decided of others that they stand on.</summary>
public sealed record Snapshot
{
    public required IReadOnlyList<Unit> Units { get; init; }

    /// <summary>By tag: bases that are no unit here. What is missing is current.</summary>
    public required IReadOnlyDictionary<long, Verdict> Outside { get; init; }

    /// <summary>Tags of bases that are no unit here and of which a rebuild is open.</summary>
    public required IReadOnlySet<long> OpenOutside { get; init; }

    /// <summary>By cascade: images that it rebuilds or has rebuilt, those among <see cref="Units"/> left out.</summary>
    public required IReadOnlyDictionary<string, int> Counted { get; init; }

    /// <summary>Cascades that somebody has ended.</summary>
    public required IReadOnlySet<string> Cancelled { get; init; }

    public required CascadeLimits Limits { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long Now { get; init; }
}

/// <param name="Settle">Milliseconds without a further move of a base.</param>
/// <param name="SettleLimit">Milliseconds after which a base that never settles is taken as it is.</param>
/// <param name="Depth">Storeys over the image whose push began a cascade.</param>
/// <param name="Images">Images that one cascade rebuilds.</param>
public sealed record CascadeLimits(long Settle, long SettleLimit, int Depth, int Images)
{
    /// <summary>
    /// When a move may be followed, Unix milliseconds. What our own rebuilds have moved was waited for already.
    /// </summary>
    public long SettledAt(Move move) => move.Cascade is not null
        ? move.At
        : Math.Min(move.At + Settle, move.UnsettledSince + SettleLimit);
}
