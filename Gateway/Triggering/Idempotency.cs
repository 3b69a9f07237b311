using System.Security.Cryptography;
using Builds.Gateway.Describing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Triggering;

/// <summary>
/// <c>Idempotency-Key</c>: whoever got no answer asks again with the same key and body and gets the same build. Kept
/// for a day.
/// </summary>
public sealed partial class Idempotency(GatewayStore store, TimeProvider clock, ILogger<Idempotency> logger)
    : BackgroundService
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    public sealed record Mark(string Principal, string Key, byte[] BodyHash);

    public static string? KeyOf(HttpRequest request)
    {
        if (!request.Headers.TryGetValue("Idempotency-Key", out var given))
            return null;
        var key = given.ToString();
        return key.Length is >= 1 and <= 255 && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw RefusedException.Bad(
                "Idempotency-Key", "Idempotency-Key must be 1 to 255 visible ASCII characters.");
    }

    public static Mark MarkOf(Caller caller, string key, byte[] body) => new(caller.Id, key, SHA256.HashData(body));

    private const string Select = """
        select body_hash as BodyHash, build_id as BuildId from idempotency
         where principal = @Principal and key = @Key and created_at > @since
        """;

    private const string Remember = """
        insert or replace into idempotency (principal, key, body_hash, build_id, created_at)
        values (@Principal, @Key, @BodyHash, @build, @now)
        """;

    /// <summary>Inside a write to the store, of which there is one at a time: so concurrent twins meet here.</summary>
    public Guid Once(SqliteConnection db, Mark mark, Func<Guid> accept)
    {
        var now = clock.GetUtcNow();
        var since = (now - Kept).ToUnixTimeMilliseconds();
        if (db.QuerySingleOrDefault<Answered>(Select, new { mark.Principal, mark.Key, since }) is { } before)
            return before.BodyHash.AsSpan().SequenceEqual(mark.BodyHash)
                ? Guid.Parse(before.BuildId)
                : throw new RefusedException(
                    StatusCodes.Status422UnprocessableEntity,
                    $"This Idempotency-Key came with another body before, for build {before.BuildId}: "
                    + "send that body again, or take a new key.",
                    "Idempotency-Key");

        var build = accept();
        db.Execute(Remember, new
        {
            mark.Principal,
            mark.Key,
            mark.BodyHash,
            build = build.ToString(),
            now = now.ToUnixTimeMilliseconds(),
        });
        return build;
    }

    private const string DeleteOld = "delete from idempotency where created_at <= @before";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepEvery, clock);
        do
        {
            try
            {
                var before = (clock.GetUtcNow() - Kept).ToUnixTimeMilliseconds();
                await store.WriteAsync(db => db.Execute(DeleteOld, new { before }), stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.NotSwept(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private sealed record Answered(byte[] BodyHash, string BuildId);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Old idempotency keys could not be removed; it is tried again")]
        public static partial void NotSwept(ILogger logger, Exception e);
    }
}
