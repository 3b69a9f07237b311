using Builds.Contracts;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// Who is outdated, and what happens now: a function of what the tables say, without a clock, a store or a memory. So any
/// message that comes twice, and any restart, comes to the same.
/// </summary>
public static class Cascade
{
    /// <returns>By <see cref="Unit.Id"/>; those that are current are left out.</returns>
    public static IReadOnlyDictionary<long, Verdict> Decide(Snapshot snapshot)
    {
        var byTag = new Dictionary<long, Unit>();
        foreach (var unit in snapshot.Units)
        {
            foreach (var tag in unit.Tags)
                byTag[tag] = unit;
        }

        var deciding = new Deciding(snapshot, byTag);
        foreach (var circle in Storeys.Of(snapshot.Units, byTag))
            deciding.Decide(circle);
        return deciding.Verdicts;
    }

    /// <summary>Whether a move of this base rebuilds what has that policy.</summary>
    public static bool Counts(Footing footing, RebuildPolicy policy) => !footing.Pinned && policy.On switch
    {
        RebuildOn.Never => false,
        RebuildOn.FinalBase => footing.Kind == "finalFrom",
        RebuildOn.EveryFrom => footing.Kind is "finalFrom" or "from",
        _ => true,
    };

    /// <summary>What the bases of a unit are now: a rebuild that has failed on these would fail on them again.</summary>
    public static string BasesOf(Unit unit) =>
        string.Join(' ', unit.Bases
            .Select(footing => $"{footing.BaseTag}={footing.NewDigest}")
            .Distinct().Order(StringComparer.Ordinal));

    private sealed class Deciding(Snapshot snapshot, Dictionary<long, Unit> byTag)
    {
        private readonly Dictionary<string, int> _counted = CountedOf(snapshot);

        public Dictionary<long, Verdict> Verdicts { get; } = [];

        public void Decide(List<Unit> circle)
        {
            var inside = circle.Select(unit => unit.Id).ToHashSet();
            var isCircle = circle.Count > 1 || circle[0].Bases.Any(footing => IsIn(inside, footing));
            foreach (var unit in circle.OrderBy(unit => unit.Name, StringComparer.Ordinal))
            {
                if (VerdictOf(unit, footing => isCircle && IsIn(inside, footing), circle) is { } verdict)
                    Verdicts[unit.Id] = verdict;
            }
        }

        private bool IsIn(HashSet<long> circle, Footing footing) =>
            byTag.TryGetValue(footing.BaseTag, out var below) && circle.Contains(below.Id);

        private Verdict? Below(Footing footing) =>
            byTag.TryGetValue(footing.BaseTag, out var below)
                ? Verdicts.GetValueOrDefault(below.Id)
                : snapshot.Outside.GetValueOrDefault(footing.BaseTag);

        private Verdict? VerdictOf(Unit unit, Func<Footing, bool> isOfCircle, List<Unit> circle)
        {
            var stale = unit.Bases.Where(footing => footing.Stale).ToList();
            var behind = unit.Bases.Where(footing => !isOfCircle(footing) && Below(footing) is not null).ToList();
            if (stale.Count == 0 && behind.Count == 0)
                return null;

            var counting = unit.Policy is not { } policy
                ? []
                : unit.Bases.Where(footing => !isOfCircle(footing) && Counts(footing, policy)).ToList();
            var moved = counting.Where(footing => footing.Stale).OrderBy(footing => footing.Move.Id).ToList();
            var pending = counting.Where(footing => Below(footing) is { Pending: true }).ToList();
            var stuck = counting.Where(footing => Below(footing) is { Stuck: true }).ToList();

            var verdict = Flag(unit, stale, behind, moved, pending.Concat(stuck).FirstOrDefault());
            if (unit.Rebuild is { State: RebuildState.Open } open)
                return verdict with
                {
                    Outlook = OutdatedOutlook.Rebuild,
                    Next = "a rebuild is asked for",
                    Cascade = open.Cascade,
                    BuildId = open.BuildId,
                };
            if (unit.Policy is null)
                return verdict with { Outlook = OutdatedOutlook.NotDefined, Next = unit.Unknown!, Cascade = null };
            if (moved.Count + pending.Count + stuck.Count == 0)
                return Unmoved(verdict, unit, stale, behind, isOfCircle, circle);
            return Owed(verdict, unit, moved, pending, stuck);
        }

        // Directly where a base of its own has moved on; the base whose move rebuilds it is named first.
        private Verdict Flag(Unit unit, List<Footing> stale, List<Footing> behind, List<Footing> moved, Footing? waitsFor)
        {
            var cause = moved.LastOrDefault() ?? stale.MaxBy(footing => footing.Move.Id);
            if (cause is null)
            {
                var through = waitsFor ?? behind[0];
                var below = Below(through)!;
                return new Verdict
                {
                    Cause = below.Cause,
                    Through = through.Base,
                    Outlook = OutdatedOutlook.Ancestor,
                    Next = "",
                    Depth = below.Depth + 1,
                    Cascade = below.Cascade,
                };
            }

            return new Verdict
            {
                Cause = cause,
                Outlook = OutdatedOutlook.Policy,
                Next = "",
                Depth = Math.Max(cause.Move.Depth, waitsFor is null ? 0 : Below(waitsFor)!.Depth) + 1,
                Cascade = moved.Count == 0 && waitsFor is not null
                    ? Below(waitsFor)!.Cascade
                    : cause.Move.Cascade ?? Cascades.IdOf(cause.Move),
            };
        }

        // Nothing that has moved would rebuild it.
        private Verdict Unmoved(
            Verdict verdict, Unit unit, List<Footing> stale, List<Footing> behind, Func<Footing, bool> isOfCircle,
            List<Unit> circle)
        {
            var flagged = verdict with { Cascade = null };
            if (stale.Find(footing => isOfCircle(footing)) is { } own)
                return flagged with
                {
                    Cause = own,
                    Outlook = OutdatedOutlook.Cycle,
                    Next = Wording.Circle(circle),
                };
            var moving = stale.Concat(behind.Where(footing => Below(footing)!.Pending)).ToList();
            if (moving.Count == 0)
                return flagged with
                {
                    Next = $"{flagged.Through} has to be renewed first, and nothing here will do that",
                };
            return moving.TrueForAll(footing => footing.Pinned)
                ? flagged with
                {
                    Outlook = OutdatedOutlook.Pinned,
                    Next = $"its Dockerfile names the digest of {flagged.Cause.Base}: a rebuild would change nothing",
                }
                : flagged with
                {
                    Outlook = OutdatedOutlook.Policy,
                    Next = $"its definition says not to rebuild it for this (rebuild.on: {Wording.Of(unit.Policy!.On)})",
                };
        }

        private Verdict Owed(
            Verdict verdict, Unit unit, List<Footing> moved, List<Footing> pending, List<Footing> stuck)
        {
            var limits = snapshot.Limits;
            if (unit.Rebuild is { State: RebuildState.Failed or RebuildState.Done } last && last.Bases == BasesOf(unit))
                return verdict with
                {
                    Outlook = OutdatedOutlook.Failed,
                    Next = last.State == RebuildState.Failed
                        ? $"its rebuild has failed: {last.Reason}"
                        : $"it was rebuilt, and still stands on {verdict.Cause.OldDigest}: look at what it is built from",
                    Cascade = last.Cascade,
                    BuildId = last.BuildId,
                };
            if (stuck.Count > 0)
                return verdict with { Outlook = OutdatedOutlook.Blocked, Next = Wording.Blocked(stuck[0], Below(stuck[0])!) };
            if (verdict.Cascade is { } id && snapshot.Cancelled.Contains(id))
                return verdict with { Outlook = OutdatedOutlook.Cancelled, Next = "its cascade was cancelled; resume it" };
            if (verdict.Depth > limits.Depth)
                return verdict with
                {
                    Outlook = OutdatedOutlook.Limit,
                    Next = $"it is {verdict.Depth} storeys up, and a cascade goes up {limits.Depth} (Cascades:MostDepth)",
                };

            var isCounted = unit.Rebuild?.Cascade == verdict.Cascade;
            var count = _counted.GetValueOrDefault(verdict.Cascade!);
            if (count >= limits.Images && !isCounted)
                return verdict with
                {
                    Outlook = OutdatedOutlook.Limit,
                    Next = $"its cascade has {limits.Images} images already (Cascades:MostImages)",
                };
            _counted[verdict.Cascade!] = isCounted ? count : count + 1;
            return pending.Count > 0
                ? verdict with { Outlook = OutdatedOutlook.Waits, Next = $"it is rebuilt after {Wording.Names(pending)}" }
                : verdict with
                {
                    Outlook = OutdatedOutlook.Rebuild,
                    Next = "it is rebuilt as soon as the push has settled and there is room",
                    ReadyAt = moved.Max(SettledAt),
                };
        }

        private static Dictionary<string, int> CountedOf(Snapshot snapshot)
        {
            var counted = new Dictionary<string, int>(snapshot.Counted);
            foreach (var rebuild in snapshot.Units.Select(unit => unit.Rebuild).OfType<Rebuild>())
                counted[rebuild.Cascade] = counted.GetValueOrDefault(rebuild.Cascade) + 1;
            return counted;
        }

        // What our own rebuilds have moved was waited for already.
        private long SettledAt(Footing footing)
        {
            var (move, limits) = (footing.Move, snapshot.Limits);
            return move.Cascade is not null
                ? move.At
                : Math.Min(move.At + limits.Settle, move.UnsettledSince + limits.SettleLimit);
        }
    }
}
