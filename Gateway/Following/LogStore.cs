using Builds.Gateway.Storing;
using Builds.Storing;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Following;

/// <summary>
/// What builds have printed: <c>logs.db</c>. Beside the other store, so that a talkative build delays no claim. A crash
/// of the machine, not of the Gateway, may cost the last second.
/// </summary>
public sealed class LogStore(IOptions<StoreOptions> options, TimeProvider clock)
    : SqliteStore(Path.Combine(options.Value.Folder, "logs.db"), ".Following.Schema.", "NORMAL")
{
    private const string InsertBatch = """
        insert or ignore into batch (build, attempt, sequence, runs, body)
        select @id, @Attempt, @Sequence, @Runs, @Body
         where not exists (select 1 from log where build = @id and removed_at is not null)
        """;

    private const string CountBytes = """
        insert into log (build, bytes, last_at) values (@id, @bytes, @now)
            on conflict (build) do update set bytes = bytes + @bytes, last_at = @now
        """;

    /// <summary>Returns when it is kept. What is there already changes nothing.</summary>
    public Task AddAsync(Guid build, LogBatch batch, CancellationToken cancel)
    {
        var id = build.ToString();
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var bytes = batch.Body.Length + batch.Runs.Length;
        return WriteAsync(db =>
        {
            if (db.Execute(InsertBatch, new { id, batch.Attempt, batch.Sequence, batch.Runs, batch.Body }) == 1)
                db.Execute(CountBytes, new { id, bytes, now });
        }, cancel);
    }

    private const string SelectBatches = """
        select attempt as Attempt, sequence as Sequence, runs as Runs, body as Body from batch
         where build = @id and (attempt, sequence) >= (@attempt, @sequence)
         order by attempt, sequence limit @limit
        """;

    public IReadOnlyList<LogBatch> From(Guid build, long attempt, long sequence, int limit) =>
        Read(db => db.Query<LogBatch>(SelectBatches, new { id = build.ToString(), attempt, sequence, limit }).AsList());

    private const string SelectRemoved = "select removed_at from log where build = @id";

    /// <returns>When the log was removed because of its age or size; null where it was not.</returns>
    public DateTimeOffset? RemovedAt(Guid build) =>
        Read(db => db.ExecuteScalar<long?>(SelectRemoved, new { id = build.ToString() })) is { } at
            ? DateTimeOffset.FromUnixTimeMilliseconds(at)
            : null;

    private const string SelectOld = """
        select build from log where removed_at is null and last_at < @before order by last_at limit 100
        """;

    private const string SelectOverflow = """
        select build from (
            select build, last_at, sum(bytes) over (order by last_at desc, build) as total
              from log where removed_at is null)
         where total > @most order by last_at limit 100
        """;

    /// <returns>Some logs that are too old, or for which there is no more room; none at the end.</returns>
    public IReadOnlyList<string> Surplus(DateTimeOffset before, long mostBytes) => Read(db => (List<string>)
    [
        .. db.Query<string>(SelectOld, new { before = before.ToUnixTimeMilliseconds() })
            .Union(db.Query<string>(SelectOverflow, new { most = mostBytes })),
    ]);

    private const string RemoveSome = """
        delete from batch where rowid in (select rowid from batch where build = @build limit 500)
        """;

    private const string MarkRemoved = "update log set bytes = 0, removed_at = @now where build = @build";

    /// <summary>In small steps: a large log must not hold up those that are being written.</summary>
    public async Task RemoveAsync(string build, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        await WriteAsync(db => db.Execute(MarkRemoved, new { build, now }), cancel);
        while (await WriteAsync(db => db.Execute(RemoveSome, new { build }), cancel) > 0) { }
    }
}
