using System.Text.Json;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>How long rebuilds will take, by the builds that there were.</summary>
internal sealed class Estimate(SqliteConnection db, int atOnce)
{
    private const string SelectSeconds = """
        select named.value as Unit,
               (select sum(phase.value ->> '$.seconds')
                  from json_each(iif(json_valid(build.completed), build.completed, 'null'), '$.phases') phase)
                 as Seconds
          from json_each(@units) named
          cross join tag on tag.id = named.value
          cross join build on build.id in (
            select last.id from build last where last.image = tag.image and last.outcome = 'succeeded'
             order by last.completed_at desc limit 5)
        """;

    /// <summary>
    /// Storey by storey, as many at a time as there may be; an image that was never built takes as long as the others.
    /// </summary>
    /// <param name="most">Of those the past builds are read; all others take as long as these.</param>
    /// <returns>Null where no build is known.</returns>
    internal double? Minutes(IReadOnlyList<(Unit Unit, Verdict Verdict)> rebuilt, int most)
    {
        var units = JsonSerializer.Serialize(rebuilt.Take(most).Select(one => one.Unit.Id));
        var known = db.Query<(long Unit, double? Seconds)>(SelectSeconds, new { units })
            .GroupBy(build => build.Unit, build => build.Seconds)
            .ToDictionary(builds => builds.Key, Median);
        if (Median(known.Values) is not { } usual)
            return null;
        var seconds = rebuilt.GroupBy(one => one.Verdict.Depth).Sum(storey =>
        {
            var each = storey.Select(one => known.GetValueOrDefault(one.Unit.Id) ?? usual).ToList();
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
