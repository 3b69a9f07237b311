using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Claiming;

/// <summary>Builds that were sent long ago and that no worker has asked for: their message may be lost.</summary>
public sealed class Resending(Turns turns, IOptions<ClaimOptions> options, TimeProvider clock)
{
    private const int AtOnce = 100;

    private const string Overdue = $"""
        from build
         where state in ('accepted', 'queued') and coalesce(sent_at, accepted_at) < @before
           and not exists (select 1 from outbox where outbox.withdrawal = {Turns.SendingSql})
        """;

    private const string SelectAny = $"select exists (select 1 {Overdue})";

    private const string SelectOverdue = $"select {QueuedBuild.Columns} {Overdue} order by number limit @AtOnce";

    public bool HasAny(SqliteConnection db) => db.ExecuteScalar<bool>(SelectAny, new { before = Before() });

    /// <summary>Inside a write to the store, after a look at the queue has shown that it is empty.</summary>
    /// <returns>The ids of what is sent again.</returns>
    public IReadOnlyList<string> SendAgain(SqliteConnection db)
    {
        var overdue = db.Query<QueuedBuild>(SelectOverdue, new { before = Before(), AtOnce }).AsList();
        foreach (var build in overdue)
            turns.Send(db, build.Asked);
        return [.. overdue.Select(build => build.Id)];
    }

    private long Before() => (clock.GetUtcNow() - options.Value.QueuedLong).ToUnixTimeMilliseconds();
}
