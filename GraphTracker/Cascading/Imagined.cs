using Builds.GraphTracker.Cascading.Decision;

namespace Builds.GraphTracker.Cascading;

/// <summary>A snapshot in which pushes are imagined.</summary>
internal sealed class Imagined
{
    private const string NextDigest = "the next push";

    private readonly Snapshot _snapshot;
    private readonly IReadOnlySet<(long Tag, string Digest)> _foreign;
    private readonly SortedDictionary<long, Unit> _units;
    private readonly ILookup<long, long> _standing; // by the tag of a base: units on it
    private IReadOnlyDictionary<long, Verdict> _verdicts = new Dictionary<long, Verdict>();
    private long _moves = long.MaxValue / 2; // after all that there are

    /// <param name="foreign">Digests of bases that their tag never pointed to: no move of it outdates them.</param>
    internal Imagined(Snapshot snapshot, IReadOnlySet<(long Tag, string Digest)> foreign)
    {
        (_snapshot, _foreign) = (snapshot, foreign);
        // What is open already takes the push that is imagined, if it begins after it: it is rebuilt as any other.
        _units = new SortedDictionary<long, Unit>(snapshot.Units.ToDictionary(
            unit => unit.Id, unit => unit.IsOpen ? unit with { Rebuild = null } : unit));
        _standing = snapshot.Units
            .SelectMany(unit => unit.Bases.Select(footing => (footing.BaseTag, unit.Id)))
            .Distinct().ToLookup(on => on.BaseTag, on => on.Id);
    }

    /// <summary>As it was decided last.</summary>
    internal IEnumerable<(Unit Unit, Verdict Verdict)> Outdated =>
        _units.Values.Where(unit => _verdicts.ContainsKey(unit.Id)).Select(unit => (unit, _verdicts[unit.Id]));

    internal void Push(long tag, string name) => Move(tag, MoveOf(name));

    /// <returns>What would be asked for.</returns>
    internal List<(Unit Unit, Verdict Verdict)> Decide()
    {
        _verdicts = Cascade.Decide(_snapshot with { Units = [.. _units.Values] });
        return
        [
            .. Outdated.Where(one => one.Verdict.ReadyAt is not null)
                .OrderBy(one => one.Verdict.Depth).ThenBy(one => one.Unit.Id),
        ];
    }

    /// <summary>They succeed, and their content has changed.</summary>
    internal void Rebuild(IReadOnlyList<(Unit Unit, Verdict Verdict)> ready)
    {
        foreach (var (unit, verdict) in ready)
        {
            _units[unit.Id] = unit with
            {
                Rebuild = new Rebuild(RebuildState.Done, Guid.Empty, Cascade.BasesOf(unit), verdict.Cascade!, null),
                Bases =
                [
                    .. unit.Bases.Select(footing => footing.Pinned
                        ? footing
                        : footing with { OldDigest = footing.NewDigest, Moved = null }),
                ],
            };
        }

        foreach (var (unit, verdict) in ready)
        {
            foreach (var tag in unit.Tags)
                Move(tag, MoveOf(unit.Name) with { Cascade = verdict.Cascade, Depth = verdict.Depth });
        }
    }

    private Move MoveOf(string name) => new()
    {
        Id = ++_moves,
        Name = $"{name}#next",
        At = _snapshot.Now,
        LeftAt = _snapshot.Now,
        UnsettledSince = _snapshot.Now,
    };

    private void Move(long tag, Move move)
    {
        foreach (var id in _standing[tag])
        {
            var unit = _units[id];
            _units[id] = unit with
            {
                Bases =
                [
                    .. unit.Bases.Select(footing =>
                        footing.BaseTag != tag || _foreign.Contains((tag, footing.OldDigest))
                            ? footing
                            : footing with { NewDigest = NextDigest, Moves = footing.Moves + 1, Moved = move }),
                ],
            };
        }
    }
}
