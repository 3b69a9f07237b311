using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>How long rebuilds will take, by the builds that there were.</summary>
internal sealed class Estimate(SqliteConnection db, int atOnce)
{
    private const string SelectSeconds = """
        select (select sum(phase.value ->> '$.seconds') from json_each(build.completed, '$.phases') phase)
          from build join tag on tag.image = build.image
         where tag.id = @Id and build.outcome = 'succeeded'
         order by build.completed_at desc limit 5
        """;

    /// <summary>
    /// Storey by storey, as many at a time as there may be; an image that was never built takes as long as the others.
    /// </summary>
    /// <returns>Null where no build is known.</returns>
    internal double? Minutes(IReadOnlyList<(Unit Unit, Verdict Verdict)> rebuilt)
    {
        var known = rebuilt.ToDictionary(one => one.Unit.Id, one => Median(db.Query<double?>(SelectSeconds, one.Unit)));
        if (Median(known.Values) is not { } usual)
            return null;
        var seconds = rebuilt.GroupBy(one => one.Verdict.Depth).Sum(storey =>
        {
            var each = storey.Select(one => known[one.Unit.Id] ?? usual).ToList();
            return Math.Max(each.Max(), each.Sum() / atOnce);
        });
        return Math.Round(seconds / 60, 2);
    }

    private static double? Median(IEnumerable<double?> values)
    {
        var sorted = values.OfType<double>().Order().ToList();
        return sorted.Count == 0 ? null : sorted[sorted.Count / 2];
    }
}
