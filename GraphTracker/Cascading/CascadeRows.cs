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

    /// <summary>Nothing happens where it is there.</summary>
    internal static void Begin(SqliteConnection db, Verdict verdict, long now)
    {
        if (verdict.Cascade is not { } cascade || verdict.Cause.Moved!.Cascade is not null)
            return;
        var cause = verdict.Cause;
        db.Execute(Insert, new { cascade, cause.BaseTag, cause.OldDigest, cause.NewDigest, now });
    }

    private const string SelectNodes = $"select State, count(*) as Count from ({CascadeNodes.States}) group by State";

    private const string SelectOpen = """
        select id from cascade where state in ('running', 'blocked')
        union
        select cascade from verdict where cascade is not null and outdated = 1
        """;

    private const string Update = """
        update cascade set state = @state, counts = @counts, ended_at = iif(@ended, coalesce(ended_at, @now), null),
               version = version + 1
         where id = @id and (state <> @state or counts <> @counts)
        """;

    /// <summary>Brings the states and counts of all cascades that go on up to date.</summary>
    internal static void Count(SqliteConnection db, long now)
    {
        foreach (var id in db.Query<string>(SelectOpen).AsList())
            Count(db, id, now);
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
