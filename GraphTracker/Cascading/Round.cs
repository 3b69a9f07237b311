using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>What one transaction decides: it takes what has changed, writes what follows, and asks for what is ready.</summary>
internal static class Round
{
    private const string SelectNext = """
        select min(at) from (
          select 0 as at where exists (select 1 from undecided)
          union all
          select min(ready_at) from verdict
           where ready_at is not null and @MostAtOnce > (select count(*) from rebuild where state = 'open')
          union all
          select 0 from rebuild join build on build.id = rebuild.build
           where rebuild.state = 'open' and (build.outcome <> 'succeeded' or not exists (
             select 1 from rebuilt_tag join tag on tag.id = rebuilt_tag.tag
               join question on question.image = tag.image and question.tag = tag.name
              where rebuilt_tag.rebuild = rebuild.id)))
        """;

    /// <returns>When there is something to decide, Unix milliseconds; null while there is nothing.</returns>
    internal static long? Next(SqliteConnection db, CascadeOptions options) =>
        db.QuerySingle<long?>(SelectNext, options);

    private const string SelectUndecided = "select number as Number, tag as Tag from undecided order by number limit 20000";

    private const string DeleteUndecided = "delete from undecided where number <= @last";

    internal static Decided Run(SqliteConnection db, CascadeOptions options, long now)
    {
        var rebuilds = new Rebuilds(db, options, now);
        var seeds = rebuilds.TakeEnds().ToHashSet();
        var undecided = db.Query<(long Number, long Tag)>(SelectUndecided).AsList();
        if (undecided.Count > 0)
            db.Execute(DeleteUndecided, new { last = undecided[^1].Number });
        seeds.UnionWith(undecided.Select(row => row.Tag));

        var flagged = 0;
        if (seeds.Count > 0)
        {
            var snapshot = new Snapshots(db, LimitsOf(options), now).Read(seeds);
            var verdicts = Cascade.Decide(snapshot);
            Verdicts.Write(db, snapshot, verdicts);
            flagged = verdicts.Count;
        }

        var asked = rebuilds.AskForReady();
        CascadeRows.Count(db, now);
        return new Decided(seeds.Count + asked.Count > 0, flagged, asked);
    }

    internal static CascadeLimits LimitsOf(CascadeOptions options) => new(
        options.SettleSeconds * 1000L, options.SettleLimitSeconds * 1000L, options.MostDepth, options.MostImages);
}

/// <param name="Any">Whether there was anything.</param>
/// <param name="Outdated">Units that were looked at and are outdated.</param>
internal sealed record Decided(bool Any, int Outdated, IReadOnlyList<BuildRequested> Asked);
