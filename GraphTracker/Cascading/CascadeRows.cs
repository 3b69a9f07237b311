using System.Text.Json;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>The cascades in the store, and how far each has come.</summary>
internal static class CascadeRows
{
    private const string Insert = """
        insert or ignore into cascade (id, root, old_digest, new_digest, state, began_at)
        values (@cascade, @BaseTag, @OldDigest, @NewDigest, 'running', @now)
        """;

    /// <summary>
    /// Nothing happens where it is there. What waits for one that belongs to a cascade belongs to it too, also where
    /// another move is what makes it outdated: such a verdict does not say what began the cascade.
    /// </summary>
    /// <returns>Whether this verdict says it.</returns>
    internal static bool Begin(SqliteConnection db, Verdict verdict, long now)
    {
        var cause = verdict.Cause;
        if (cause.Moved!.Cascade is not null || verdict.Cascade != DerivedIds.CascadeIdOf(cause.Moved))
            return false;
        db.Execute(Insert, new { cascade = verdict.Cascade, cause.BaseTag, cause.OldDigest, cause.NewDigest, now });
        return true;
    }

    private const string SelectNodes = $"select State, count(*) as Count from ({CascadeNodes.States}) group by State";

    // One step in the index for each cascade, however many images there are in it.
    private const string SelectOpen = """
        with recursive named(id) as (
          select min(cascade) from verdict where cascade is not null
          union all
          select (select min(cascade) from verdict where cascade > named.id) from named where named.id is not null)
        select id from cascade where state in ('running', 'blocked')
        union
        select id from named where exists (select 1 from verdict where cascade = named.id and outdated = 1)
        """;

    private const string Update = """
        update cascade set state = @state, counts = @counts, ended_at = iif(@ended, coalesce(ended_at, @now), null),
               version = version + 1
         where id = @id and (state <> @state or counts <> @counts)
        """;

    /// <summary>Brings the states and counts of all cascades that go on up to date.</summary>
    internal static void Count(SqliteConnection db, long now, List<Stuck> stuck)
    {
        foreach (var id in db.Query<string>(SelectOpen).AsList())
        {
            if (Apart.Try(db, () => Count(db, id, now)) is { } error)
                stuck.Add(new Stuck($"How far cascade {id} has come", error));
        }
    }

    private const string SelectCancelled = "select cancelled_by is not null from cascade where id = @id";

    internal static void Count(SqliteConnection db, string id, long now)
    {
        var counts = db.Query<(string State, long Count)>(SelectNodes, new { id })
            .OrderBy(row => row.State, StringComparer.Ordinal)
            .ToDictionary(row => row.State, row => (int)row.Count);
        var isOpen = counts.ContainsKey("queued");
        var state = db.QuerySingle<bool>(SelectCancelled, new { id }) && !isOpen ? "cancelled"
            : isOpen || counts.ContainsKey("waiting") ? "running"
            : counts.ContainsKey("failed") || counts.ContainsKey("blocked") ? "blocked"
            : "done";
        db.Execute(Update, new
        {
            id, state, counts = JsonSerializer.Serialize(counts), ended = state is "done" or "cancelled", now,
        });
    }
}
