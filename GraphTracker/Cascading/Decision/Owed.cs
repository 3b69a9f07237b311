using Builds.Contracts;

namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>A rebuild is owed: is it asked for now, later, or does something stand in its way?</summary>
internal sealed class Owed
{
    private readonly Snapshot _snapshot;
    private readonly Ground _ground;
    private readonly Dictionary<string, int> _counted;

    internal Owed(Snapshot snapshot, Ground ground)
    {
        (_snapshot, _ground) = (snapshot, ground);
        _counted = new Dictionary<string, int>(snapshot.Counted);
        foreach (var rebuild in snapshot.Units.Select(unit => unit.Rebuild).OfType<Rebuild>())
            _counted[rebuild.Cascade] = _counted.GetValueOrDefault(rebuild.Cascade) + 1;
    }

    internal Verdict Decide(Standing standing, Verdict flag) =>
        Repeated(standing.Unit, flag)
        ?? Hindered(standing, flag)
        ?? Limited(standing.Unit, flag)
        ?? Due(standing, flag);

    // What was tried on these very bases would end as it has.
    private static Verdict? Repeated(Unit unit, Verdict flag)
    {
        if (unit.Rebuild is not { State: not RebuildState.Resumed } last || last.Bases != Cascade.BasesOf(unit))
            return null;
        var known = flag with { Outlook = OutdatedOutlook.Failed, Cascade = last.Cascade, BuildId = last.BuildId };
        return last.State switch
        {
            RebuildState.Failed => known with { Next = $"its rebuild has failed: {last.Reason}" },
            RebuildState.Superseded => known with
            {
                Outlook = OutdatedOutlook.Waits,
                Next = "a newer build of it took the place of its rebuild; when that has ended, it is looked at again",
            },
            _ => known with
            {
                Next = $"it was rebuilt for this, and still points to what stands on {flag.Cause.OldDigest}: look at "
                    + "what it is built from and who has put it back, then resume",
            },
        };
    }

    private Verdict? Hindered(Standing standing, Verdict flag)
    {
        if (standing.Stuck.Count > 0)
            return flag with
            {
                Outlook = OutdatedOutlook.Blocked,
                Next = Wording.Blocked(standing.Stuck[0], _ground.Below(standing.Stuck[0])!),
            };
        return flag.Cascade is { } id && _snapshot.Cancelled.Contains(id)
            ? flag with { Outlook = OutdatedOutlook.Cancelled, Next = "its cascade was cancelled; resume it" }
            : null;
    }

    private Verdict? Limited(Unit unit, Verdict flag)
    {
        var limits = _snapshot.Limits;
        if (flag.Depth > limits.Depth)
            return flag with
            {
                Outlook = OutdatedOutlook.Limit,
                Next = $"it is {flag.Depth} storeys up, and a cascade goes up {limits.Depth} (Cascades:MostDepth)",
            };

        var isCounted = unit.Rebuild?.Cascade == flag.Cascade;
        var count = _counted.GetValueOrDefault(flag.Cascade!);
        if (count >= limits.Images && !isCounted)
            return flag with
            {
                Outlook = OutdatedOutlook.Limit,
                Next = $"its cascade has {limits.Images} images already (Cascades:MostImages)",
            };
        _counted[flag.Cascade!] = isCounted ? count : count + 1;
        return null;
    }

    private Verdict Due(Standing standing, Verdict flag)
    {
        var first = standing.Awaited.Concat(standing.Open).ToList();
        return first.Count > 0
            ? flag with { Outlook = OutdatedOutlook.Waits, Next = $"it is rebuilt after {Wording.Names(first)}" }
            : flag with
            {
                Outlook = OutdatedOutlook.Rebuild,
                Next = "it is rebuilt as soon as the push has settled and there is room",
                ReadyAt = standing.Moved.Max(footing => _snapshot.Limits.SettledAt(footing.Moved!)),
            };
    }
}
