using Builds.Contracts;

namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>Who is outdated by what; and why that is all, where nothing that has moved rebuilds it.</summary>
internal static class Flags
{
    private static readonly string[] Strongest = ["build record", "provenance", "annotation", "layers"];

    // Directly where a base of its own has moved on; the base whose move rebuilds it is named first.
    internal static Verdict Of(Standing standing, Ground ground)
    {
        var waitsFor = standing.Awaited.Concat(standing.Stuck).FirstOrDefault();
        var below = waitsFor is null ? null : ground.Below(waitsFor);
        if ((standing.Moved.LastOrDefault() ?? standing.Stale.MaxBy(footing => footing.Moved!.Id)) is not { } cause)
            return Through(waitsFor ?? standing.Behind[0], ground);

        var move = cause.Moved!;
        // Whichever of them ended last: its storey is above all that this cascade has moved.
        var storey = standing.Moved.Append(cause).Select(footing => footing.Moved!)
            .Where(moved => moved.Cascade == move.Cascade).Max(moved => moved.Depth);
        return new Verdict
        {
            Cause = cause,
            Through = cause.Deleted,
            Outlook = OutdatedOutlook.Policy,
            Next = "",
            Depth = Math.Max(storey, below?.Depth ?? 0) + 1,
            Cascade = standing.Moved.Count == 0 && below is not null
                ? below.Cascade
                : move.Cascade ?? DerivedIds.CascadeIdOf(move),
        };
    }

    private static Verdict Through(Footing footing, Ground ground)
    {
        var below = ground.Below(footing)!;
        return new Verdict
        {
            Cause = below.Cause with { Evidence = Weaker(below.Cause.Evidence, footing.Evidence) },
            Through = footing.Base,
            Outlook = OutdatedOutlook.Ancestor,
            Next = "",
            Depth = below.Depth + 1,
            Cascade = below.Cascade,
        };
    }

    // All that is in between has to be true.
    private static string Weaker(string one, string other) =>
        Array.IndexOf(Strongest, one) > Array.IndexOf(Strongest, other) ? one : other;

    internal static Verdict NotOwed(Standing standing, Ground ground, Verdict flag)
    {
        var flagged = flag with { Cascade = null };
        if (standing.Own.Count > 0)
            return flagged with
            {
                Cause = standing.Own[0],
                Outlook = OutdatedOutlook.Cycle,
                Next = Wording.Circle(standing.Circle),
            };

        var moving = standing.Stale
            .Concat(standing.Behind.Where(footing => ground.Below(footing)!.Pending)).ToList();
        if (moving.Count == 0)
            return flagged with
            {
                Next = $"{flagged.Through} has to be renewed first, and nothing here will do that",
            };
        var present = moving.FindAll(footing => footing.Deleted is null);
        if (present.Count == 0)
            return flagged with
            {
                Outlook = OutdatedOutlook.Ancestor,
                Next = $"{moving[0].Deleted}, which it was built on, was deleted: build it on another image",
            };
        return present.TrueForAll(footing => footing.Pinned)
            ? flagged with
            {
                Outlook = OutdatedOutlook.Pinned,
                Next = $"its Dockerfile names the digest of {present[0].Base}: a rebuild would change nothing",
            }
            : flagged with
            {
                Outlook = OutdatedOutlook.Policy,
                Next = "its definition says not to rebuild it for this (rebuild.on: "
                    + $"{Wording.Of(standing.Unit.Policy!.On)})",
            };
    }
}
