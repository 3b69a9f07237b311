using Builds.Contracts;
using Builds.Gateway.Publishing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Hooking;

/// <summary>The events of registries: the hint goes into the outbox together with the id that makes it known.</summary>
public sealed class RegistryEvents(GatewayStore store, Outbox outbox, TimeProvider clock)
{
    private const int Together = 10_000; // other writes wait for it: some 0.1 s

    /// <returns>
    /// Once all of it is on disk. Dying in between leaves the rest to the registry, which repeats it.
    /// </returns>
    public async Task<TakenNotification> TakeAsync(
        string registry, IReadOnlyList<ReadEvent> events, CancellationToken cancel)
    {
        var sum = new TakenNotification(0, 0, 0, 0, null);
        foreach (var portion in events.Chunk(Together))
        {
            var taken = await store.WriteAsync(db => Take(db, registry, portion), cancel);
            sum = new TakenNotification(
                sum.Taken + taken.Taken, sum.Repeated + taken.Repeated, sum.Ignored + taken.Ignored,
                sum.Rejected + taken.Rejected, taken.Rejection ?? sum.Rejection);
        }

        return sum;
    }

    private const string Count = """
        insert into registry_hook (registry, last_event_at, taken, repeated, ignored, rejected, rejected_at, rejection)
        values (@registry, @now, @Taken, @Repeated, @Ignored, @Rejected, @rejectedAt, @Rejection)
            on conflict (registry) do update
           set last_event_at = excluded.last_event_at, taken = taken + excluded.taken,
               repeated = repeated + excluded.repeated, ignored = ignored + excluded.ignored,
               rejected = rejected + excluded.rejected,
               rejected_at = coalesce(excluded.rejected_at, rejected_at),
               rejection = coalesce(excluded.rejection, rejection)
        """;

    private TakenNotification Take(SqliteConnection db, string registry, ReadEvent[] events)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var useful = events.Select(one => one.Pushed).OfType<ImagePushed>().ToList();
        var taken = TakeNew(db, registry, useful, now);
        outbox.AddAll(db, taken);
        var rejections = events.Where(one => one.Rejection is not null).ToList();
        var result = new TakenNotification(
            taken.Count, useful.Count - taken.Count, events.Length - useful.Count - rejections.Count, rejections.Count,
            rejections.LastOrDefault()?.Rejection);
        db.Execute(Count, new
        {
            registry, now, result.Taken, result.Repeated, result.Ignored, result.Rejected, result.Rejection,
            rejectedAt = result.Rejected > 0 ? now : (long?)null,
        });
        return result;
    }

    private const string Insert = """
        insert or ignore into registry_event (registry, id, taken_at) values (@registry, @id, @now)
        """;

    /// <returns>Those that were not taken before, in their order.</returns>
    private static List<ImagePushed> TakeNew(
        SqliteConnection db, string registry, List<ImagePushed> pushes, long now)
    {
        using var insert = db.CreateCommand(); // prepared once: a registry that catches up sends thousands
        insert.CommandText = Insert;
        insert.Parameters.AddWithValue("@registry", registry);
        insert.Parameters.AddWithValue("@now", now);
        var id = insert.Parameters.AddWithValue("@id", "");
        var taken = new List<ImagePushed>(pushes.Count);
        foreach (var push in pushes)
        {
            id.Value = push.EventId;
            if (insert.ExecuteNonQuery() > 0)
                taken.Add(push);
        }

        return taken;
    }

    private const string DeleteOld = """
        delete from registry_event
         where (registry, id) in (select registry, id from registry_event where taken_at < @before limit 10000)
        """;

    /// <returns>How many were removed; there may be more.</returns>
    public Task<int> ForgetAsync(DateTimeOffset before, CancellationToken cancel) =>
        store.WriteAsync(db => db.Execute(DeleteOld, new { before = before.ToUnixTimeMilliseconds() }), cancel);
}
