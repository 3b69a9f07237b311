using System.Text.Json;
using Builds.GraphTracker.Cascading.Decision;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Reads what a decision rests on: some tags, and all that stands on them.</summary>
internal sealed class Snapshots(SqliteConnection db, CascadeLimits limits, long now)
{
    internal static JsonSerializerOptions Json { get; } = BuildsBus.Plain(new JsonSerializerOptions());

    internal Snapshot Read(IReadOnlyCollection<long> seeds)
    {
        Affected.Find(db, seeds);
        var bases = new UnitBases(db, new Moves(db, limits));
        return new Snapshot
        {
            Units = new Units(db, bases).Read(),
            Outside = Outside.Read(db, bases.Below),
            OpenOutside = db.Query<long>(SelectOpen).ToHashSet(),
            Counted = Counted(),
            Cancelled = db.Query<string>(SelectCancelled).ToHashSet(),
            Limits = limits,
            Now = now,
        };
    }

    private const string SelectCancelled = "select id from cascade where cancelled_by is not null";

    private const string SelectOpen = """
        select rebuilt_tag.tag from rebuild join rebuilt_tag on rebuilt_tag.rebuild = rebuild.id
         where rebuild.state = 'open' and rebuilt_tag.tag not in (select tag from affected)
        """;

    private const string SelectCounted = """
        select cascade as Cascade, count(distinct unit) as Count
          from (select rebuild.cascade, rebuild.unit
                  from cascade join rebuild on rebuild.cascade = cascade.id
                 where cascade.state in ('running', 'blocked') and rebuild.unit not in (select tag from affected)
                union all
                select cascade, unit from verdict
                 where cascade is not null and outlook in ('rebuild', 'waits') and tag = unit
                   and tag not in (select tag from affected))
         group by cascade
        """;

    private Dictionary<string, int> Counted() =>
        db.Query<(string Cascade, long Count)>(SelectCounted).ToDictionary(row => row.Cascade, row => (int)row.Count);
}
