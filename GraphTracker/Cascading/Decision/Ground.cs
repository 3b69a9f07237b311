namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>What the units of a decision stand on, as far as it has come.</summary>
internal sealed class Ground
{
    private readonly Snapshot _snapshot;
    private readonly Dictionary<long, Unit> _units = [];

    internal Ground(Snapshot snapshot)
    {
        _snapshot = snapshot;
        foreach (var unit in snapshot.Units)
        {
            foreach (var tag in unit.Tags)
                _units[tag] = unit;
        }
    }

    /// <summary>By tag.</summary>
    internal IReadOnlyDictionary<long, Unit> Units => _units;

    /// <summary>By unit: what is decided so far.</summary>
    internal Dictionary<long, Verdict> Verdicts { get; } = [];

    /// <returns>Null where the base is current.</returns>
    internal Verdict? Below(Footing footing) => _units.TryGetValue(footing.BaseTag, out var below)
        ? Verdicts.GetValueOrDefault(below.Id)
        : _snapshot.Outside.GetValueOrDefault(footing.BaseTag);

    /// <param name="circle">Those with which it comes; it alone where it is in no circle.</param>
    internal Standing StandingOf(Unit unit, IReadOnlyDictionary<long, Unit> circle)
    {
        var own = unit.Bases.Where(footing => IsIn(circle, footing)).ToList();
        var followed = own.Count == 0 ? unit.Bases : [.. unit.Bases.Except(own)];
        var counting = unit.Policy is { } policy
            ? followed.Where(footing => Cascade.Counts(footing, policy)).ToList()
            : [];
        return new Standing
        {
            Unit = unit,
            Circle = own.Count == 0 ? [] : [.. circle.Values],
            Stale = [.. unit.Bases.Where(footing => footing.Stale)],
            Behind = [.. followed.Where(footing => Below(footing) is not null)],
            Moved = [.. counting.Where(footing => footing.Stale).OrderBy(footing => footing.Moved!.Id)],
            Awaited = [.. counting.Where(footing => Below(footing) is { Pending: true })],
            Open = [.. counting.Where(IsOpen)],
            Stuck = [.. counting.Where(footing => Below(footing) is { Stuck: true })],
            Own = [.. own.Where(footing => footing.Stale)],
        };
    }

    private bool IsIn(IReadOnlyDictionary<long, Unit> circle, Footing footing) =>
        _units.TryGetValue(footing.BaseTag, out var below) && circle.ContainsKey(below.Id);

    // Also of one that is current again, as somebody else has pushed it: it is about to move once more.
    private bool IsOpen(Footing footing) => _units.TryGetValue(footing.BaseTag, out var below)
        ? below.IsOpen
        : _snapshot.OpenOutside.Contains(footing.BaseTag);
}

/// <summary>What its bases mean for a unit, once those are decided.</summary>
internal sealed record Standing
{
    internal required Unit Unit { get; init; }

    /// <summary>Units that stand on each other, this one among them; empty where it is in no circle.</summary>
    internal required IReadOnlyList<Unit> Circle { get; init; }

    /// <summary>The base has moved on.</summary>
    internal required List<Footing> Stale { get; init; }

    /// <summary>The base is outdated itself; those of the circle left out.</summary>
    internal required List<Footing> Behind { get; init; }

    /// <summary>The base has moved on, and the policy counts it; the oldest move first.</summary>
    internal required List<Footing> Moved { get; init; }

    /// <summary>The policy counts it, and it will be rebuilt first.</summary>
    internal required List<Footing> Awaited { get; init; }

    /// <summary>The policy counts it, and a rebuild of it is under way, be it outdated or not.</summary>
    internal required List<Footing> Open { get; init; }

    /// <summary>The policy counts it, and it is owed a rebuild that somebody has to help along.</summary>
    internal required List<Footing> Stuck { get; init; }

    /// <summary>The base has moved on, and is in the circle.</summary>
    internal required List<Footing> Own { get; init; }

    internal bool IsOutdated => Stale.Count + Behind.Count > 0;

    internal bool IsOwed => Moved.Count + Awaited.Count + Stuck.Count > 0;
}
