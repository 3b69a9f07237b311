using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Cascading.Decision;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>
/// What is decided of a unit, as it is said in one paragraph: asked of each unit anew, by asking those below. Slow.
/// </summary>
internal sealed class ObviousModel(Snapshot snapshot, bool isAllCancelled)
{
    private static readonly string[] Pending = ["open", "ready", "waits"];
    private static readonly string[] Stuck = ["failed", "blocked", "cancelled"];

    /// <returns>Null where it is current.</returns>
    public string? Of(Unit unit)
    {
        var outside = unit.Bases.Where(footing => !IsOfCircle(unit, footing)).ToList();
        var behind = outside.Where(footing => Below(footing) is not null).ToList();
        if (!unit.Bases.Any(footing => footing.Stale) && behind.Count == 0)
            return null;
        if (unit.Rebuild is { State: RebuildState.Open })
            return "open";
        if (unit.Policy is null)
            return "notDefined";

        var counting = outside.Where(footing => Counts(footing, unit.Policy.On)).ToList();
        if (counting.Exists(footing => footing.Stale || Pending.Concat(Stuck).Contains(Below(footing))))
            return Owed(unit, counting);

        if (unit.Bases.Any(footing => footing.Stale && IsOfCircle(unit, footing)))
            return "cycle";
        var moving = unit.Bases.Where(footing => footing.Stale || (!IsOfCircle(unit, footing) && Pending.Contains(Below(footing))));
        return !moving.Any() ? "ancestor" : moving.All(footing => footing.Pinned) ? "pinned" : "policy";
    }

    private string Owed(Unit unit, List<Footing> counting)
    {
        if (unit.Rebuild is { State: not RebuildState.Resumed } last && last.Bases == Cascade.BasesOf(unit))
            return last.State == RebuildState.Superseded ? "waits" : "failed";
        if (counting.Exists(footing => Stuck.Contains(Below(footing))))
            return "blocked";
        if (isAllCancelled)
            return "cancelled";
        return counting.Exists(footing => Pending.Contains(Below(footing)) || IsOpen(footing)) ? "waits" : "ready";
    }

    private string? Below(Footing footing) => Find(footing) is { } unit
        ? Of(unit)
        : snapshot.Outside.TryGetValue(footing.BaseTag, out var verdict) ? NameOf(verdict) : null;

    private bool IsOpen(Footing footing) => Find(footing) is { } unit
        ? unit.Rebuild is { State: RebuildState.Open }
        : snapshot.OpenOutside.Contains(footing.BaseTag);

    private Unit? Find(Footing footing) => snapshot.Units.FirstOrDefault(unit => unit.Tags.Contains(footing.BaseTag));

    private bool IsOfCircle(Unit unit, Footing footing) => Find(footing) is { } below && Reach(below).Contains(unit.Id);

    private HashSet<long> Reach(Unit from)
    {
        var found = new HashSet<long> { from.Id };
        var open = new Stack<Unit>([from]);
        while (open.TryPop(out var next))
        {
            foreach (var below in next.Bases.Select(Find).OfType<Unit>().Where(unit => found.Add(unit.Id)))
                open.Push(below);
        }

        return found;
    }

    private static bool Counts(Footing footing, RebuildOn on)
    {
        string[] counted = on switch
        {
            RebuildOn.Never => [],
            RebuildOn.FinalBase => ["finalFrom"],
            RebuildOn.EveryFrom => ["finalFrom", "from"],
            _ => ["finalFrom", "from", "copyFrom", "mount", "frontend"],
        };
        return !footing.Pinned && counted.Contains(footing.Kind);
    }

    /// <summary>A verdict in the words of this model.</summary>
    public static string NameOf(Verdict verdict) => verdict switch
    {
        { Outlook: OutdatedOutlook.Rebuild, ReadyAt: null } => "open",
        { Outlook: OutdatedOutlook.Rebuild } => "ready",
        { Outlook: OutdatedOutlook.NotDefined } => "notDefined",
        _ => verdict.Outlook.ToString().ToLowerInvariant(),
    };
}
