using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Gateway.Storing;
using Dapper;
using MassTransit;

namespace Builds.Gateway.Publishing;

/// <summary>Works off the <see cref="Outbox"/>, in batches, for as long as the Gateway runs.</summary>
public sealed partial class OutboxDispatcher(
    GatewayStore store,
    Outbox outbox,
    BusConnection connection,
    IBus bus,
    TimeProvider clock,
    ILogger<OutboxDispatcher> logger) : BackgroundService
{
    private const int Together = 200;
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private int _reconnected;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        connection.Connected += Reconnected;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (Interlocked.Exchange(ref _reconnected, 0) == 1)
                    await RetryAllAsync(stoppingToken);
                if (await SendDueAsync(stoppingToken) < Together)
                    await outbox.WrittenAsync(LongestPause, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.SendingFailed(logger, e);
                await Task.Delay(LongestPause, clock, stoppingToken);
            }
        }
    }

    private void Reconnected()
    {
        Volatile.Write(ref _reconnected, 1);
        outbox.Wake();
    }

    private const string MakeDue = "update outbox set send_at = @now where tries > 0 and send_at > @now";

    // What only waited for the broker need not sit out its pause.
    private Task RetryAllAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return store.WriteAsync(db => { db.Execute(MakeDue, new { now }); }, cancel);
    }

    private const string SelectDue = """
        select id as Id, type as Type, body as Body, build_id as BuildId, tries as Tries from outbox
         where send_at <= @now order by send_at, id limit @Together
        """;

    private async Task<int> SendDueAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var due = store.Read(db => db.Query<Due>(SelectDue, new { now, Together }).AsList());
        if (due.Count == 0)
            return 0;

        var errors = await Task.WhenAll(due.Select(message => PublishAsync(message, cancel)));
        if (errors.FirstOrDefault(error => error is not null) is { } first)
            Log.NotSent(logger, errors.Count(error => error is not null), due.Count, first);
        await SettleAsync([.. due.Zip(errors)], cancel);
        return due.Count;
    }

    /// <returns>What went wrong, or null.</returns>
    private async Task<string?> PublishAsync(Due message, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(PublishLimit); // without a broker a publish waits for its token and nothing else
        try
        {
            var type = typeof(BuildRequested).Assembly.GetType($"Builds.Contracts.{message.Type}", throwOnError: true)!;
            var body = JsonSerializer.Deserialize(message.Body, type, BuildQueue.Json)!;
            var hasQueue = type != typeof(BuildCancelRequested); // its queues come and go with the workers
            await bus.Publish(body, type, Pipe.Execute<PublishContext>(sent => sent.Mandatory = hasQueue), limit.Token);
            return null;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            return $"{message.Type} (outbox {message.Id}, try {message.Tries + 1}): "
                + (e is OperationCanceledException ? "the broker did not answer in time" : e.Message);
        }
    }

    private const string Sent = "delete from outbox where id in (select value from json_each(@sent))";

    private const string BuildsAreSent = """
        update build set sent_at = @now, state = iif(state = 'accepted', 'queued', state)
         where id in (select value from json_each(@builds))
        """;

    private const string NotSent = """
        update outbox set tries = tries + 1, error = @error, send_at = @sendAt where id = @Id
        """;

    private Task SettleAsync(IReadOnlyCollection<(Due Message, string? Error)> results, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var sent = results.Where(result => result.Error is null).Select(result => result.Message).ToList();
        return store.WriteAsync(db =>
        {
            db.Execute(Sent, new { sent = JsonSerializer.Serialize(sent.Select(message => message.Id)) });
            db.Execute(BuildsAreSent, new
            {
                builds = JsonSerializer.Serialize(sent.Select(message => message.BuildId).OfType<string>()),
                now = now.ToUnixTimeMilliseconds(),
            });
            foreach (var (message, error) in results.Where(result => result.Error is not null))
            {
                var pause = TimeSpan.FromSeconds(Math.Min(30, 1 << (int)Math.Min(message.Tries, 5)));
                db.Execute(NotSent, new { message.Id, error, sendAt = (now + pause).ToUnixTimeMilliseconds() });
            }
        }, cancel);
    }

    private sealed record Due(long Id, string Type, string Body, string? BuildId, long Tries);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{failed} of {count} messages stay in the outbox for now; the first: {error}")]
        public static partial void NotSent(ILogger logger, int failed, int count, string error);

        [LoggerMessage(LogLevel.Error, "The outbox could not be worked off; it is tried again")]
        public static partial void SendingFailed(ILogger logger, Exception e);
    }
}
