using Builds.Contracts;

namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>
/// Who is outdated, and what happens now: a function of what the tables say, without a clock, a store or a memory. So
/// any message that comes twice, and any restart, comes to the same.
/// </summary>
public static class Cascade
{
    /// <returns>By <see cref="Unit.Id"/>; those that are current are left out.</returns>
    public static IReadOnlyDictionary<long, Verdict> Decide(Snapshot snapshot)
    {
        var ground = new Ground(snapshot);
        var owed = new Owed(snapshot, ground);
        foreach (var circle in Storeys.Of(snapshot.Units, ground.Units))
        {
            var members = circle.ToDictionary(unit => unit.Id);
            foreach (var unit in circle.OrderBy(unit => unit.Name, StringComparer.Ordinal))
            {
                var standing = ground.StandingOf(unit, members);
                if (standing.IsOutdated)
                    ground.Verdicts[unit.Id] = VerdictOf(standing, ground, owed);
            }
        }

        return ground.Verdicts;
    }

    /// <summary>Whether a move of this base rebuilds what has that policy.</summary>
    public static bool Counts(Footing footing, RebuildPolicy policy) =>
        footing is { Pinned: false, Deleted: null } && policy.On switch
        {
            RebuildOn.Never => false,
            RebuildOn.FinalBase => footing.Kind == "finalFrom",
            RebuildOn.EveryFrom => footing.Kind is "finalFrom" or "from",
            _ => true,
        };

    /// <summary>What the bases of a unit are now: a rebuild that failed on these would fail on them again.</summary>
    public static string BasesOf(Unit unit) =>
        string.Join(' ', unit.Bases
            .Select(footing => $"{footing.BaseTag}#{footing.Moves}")
            .Distinct().Order(StringComparer.Ordinal));

    private static Verdict VerdictOf(Standing standing, Ground ground, Owed owed)
    {
        var flag = Flags.Of(standing, ground);
        return standing.Unit switch
        {
            { Rebuild: { State: RebuildState.Open } open } => flag with
            {
                Outlook = OutdatedOutlook.Rebuild,
                Next = Wording.AskedFor,
                Cascade = open.Cascade,
                BuildId = open.BuildId,
            },
            { Policy: null, Unknown: var unknown } => flag with
            {
                Outlook = OutdatedOutlook.NotDefined, Next = unknown!, Cascade = null,
            },
            _ when standing.IsOwed => owed.Decide(standing, flag),
            _ => Flags.NotOwed(standing, ground, flag),
        };
    }
}
