using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>One transaction: takes what has changed, writes what follows, and asks for what is ready.</summary>
internal static class Round
{
    private const int MostSeeds = 20_000;

    private const string SelectNext = $"""
        select min(at) from (
          select 0 as at where exists (select 1 from undecided where due_at = 0)
          union all
          select min(due_at) from undecided where due_at > 0
          union all
          select * from (
            select ready_at from verdict
             where ready_at is not null and {Requests.Room} > 0
               and not {Requests.IsLookedUp}
             order by ready_at limit 1)
          union all
          select min({Ends.DueAt}) from {Ends.FromEnded})
        """;

    /// <returns>When there is something to decide, Unix milliseconds; null while there is nothing.</returns>
    internal static long? Next(SqliteConnection db, CascadeOptions options) =>
        db.QuerySingle<long?>(SelectNext, options);

    private const string SelectUndecided = """
        select number as Number, tag as Tag from undecided where due_at <= @now order by number limit @most
        """;

    private const string DeleteUndecided = "delete from undecided where number <= @last and due_at <= @now";

    /// <param name="most">Changes that are taken; the rest is left for the next round.</param>
    internal static Decided Run(SqliteConnection db, CascadeOptions options, long now, int most = MostSeeds)
    {
        var seeds = new HashSet<long>();
        var ends = new Ends(db, now);
        var ended = ends.Take(seeds);
        var undecided = db.Query<(long Number, long Tag)>(SelectUndecided, new { most, now }).AsList();
        if (undecided.Count > 0)
            db.Execute(DeleteUndecided, new { last = undecided[^1].Number, now });
        seeds.UnionWith(undecided.Select(row => row.Tag));

        var deciding = new Seeds(db, LimitsOf(options), now);
        deciding.Decide([.. seeds]);
        var stuck = deciding.Stuck;
        ends.KeepFailed(stuck);

        // Not before all is decided: what is left could be a base of what seems to be ready.
        var isAll = undecided.Count < most;
        var failed = new List<Ended>();
        IReadOnlyList<BuildRequested> asked = isAll ? new Requests(db, options, now).AskForReady(failed, stuck) : [];
        CascadeRows.Count(db, now, stuck);
        return new Decided(
            seeds.Count + asked.Count + failed.Count > 0, deciding.Outdated, [.. ended, .. failed], asked, stuck);
    }

    internal static CascadeLimits LimitsOf(CascadeOptions options) => new(
        options.SettleSeconds * 1000L, options.SettleLimitSeconds * 1000L, options.MostDepth, options.MostImages);
}

/// <param name="Any">Whether there was anything.</param>
/// <param name="Outdated">Units that were looked at and are outdated.</param>
/// <param name="Stuck">What could not be done, and is tried again.</param>
internal sealed record Decided(
    bool Any, int Outdated, IReadOnlyList<Ended> Ended, IReadOnlyList<BuildRequested> Asked,
    IReadOnlyList<Stuck> Stuck);
