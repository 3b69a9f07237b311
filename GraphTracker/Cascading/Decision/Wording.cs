using Builds.Contracts;

namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>Decisions in words, for the people who own the images.</summary>
internal static class Wording
{
    private const int MostNames = 3;

    internal const string AskedFor = "a rebuild is asked for";

    internal static string Circle(IReadOnlyList<Unit> circle) => circle.Count == 1
        ? "it stands on itself: what it names as its base is what it builds"
        : "it stands on itself, in a circle of " + Names([.. circle.Select(unit => unit.Name)]);

    internal static string Blocked(Footing below, Verdict verdict) => verdict.Outlook switch
    {
        OutdatedOutlook.Failed => $"blocked by {below.Base}: {verdict.Next}",
        OutdatedOutlook.Cancelled => $"blocked by {below.Base}, whose cascade was cancelled",
        _ => $"blocked by {below.Base}, which is {verdict.Next}",
    };

    internal static string Names(List<Footing> footings) =>
        Names([.. footings.Select(footing => footing.Base).Distinct()]);

    internal static string Of(RebuildOn on) => on switch
    {
        RebuildOn.Never => "never",
        RebuildOn.FinalBase => "finalBase",
        RebuildOn.EveryFrom => "everyFrom",
        _ => "everyFromAndCopies",
    };

    private static string Names(List<string> names) =>
        string.Join(", ", names.Order(StringComparer.Ordinal).Take(MostNames))
        + (names.Count > MostNames ? $" and {names.Count - MostNames} more" : "");
}
