using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Publishing;

/// <summary>
/// Everything the Gateway publishes is written here in the transaction that decided it, and deleted once the broker has
/// confirmed it: at least once, never lost, and nobody waits for a broker.
/// </summary>
public sealed partial class Outbox : BackgroundService
{
    private const int Together = 200;
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    private readonly GatewayStore _store;
    private readonly IBus _bus;
    private readonly TimeProvider _clock;
    private readonly ILogger<Outbox> _logger;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private int _written;

    public Outbox(GatewayStore store, IBus bus, TimeProvider clock, ILogger<Outbox> logger)
    {
        (_store, _bus, _clock, _logger) = (store, bus, clock, logger);
        store.Committed += () =>
        {
            if (Interlocked.Exchange(ref _written, 0) == 1 && _signal.CurrentCount == 0)
                _signal.Release();
        };
    }

    private const string Insert = """
        insert into outbox (type, body, send_at, withdrawal) values (@type, @body, @sendAt, @withdrawal)
        """;

    /// <summary>To be called inside a write to the store.</summary>
    /// <param name="delay">How long from now it is kept back.</param>
    /// <param name="withdrawal">A name by which <see cref="Withdraw"/> can take it back.</param>
    public void Add<T>(SqliteConnection db, T message, TimeSpan delay = default, string? withdrawal = null)
        where T : class
    {
        db.Execute(Insert, new
        {
            type = typeof(T).Name,
            body = JsonSerializer.Serialize(message, Json),
            sendAt = (_clock.GetUtcNow() + delay).ToUnixTimeMilliseconds(),
            withdrawal,
        });
        Volatile.Write(ref _written, 1);
    }

    /// <summary>Takes back what was not sent yet.</summary>
    public static void Withdraw(SqliteConnection db, string withdrawal) =>
        db.Execute("delete from outbox where withdrawal = @withdrawal", new { withdrawal });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await SendDueAsync(stoppingToken) < Together)
                    await _signal.WaitAsync(LongestPause, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.SendingFailed(_logger, e);
                await Task.Delay(LongestPause, _clock, stoppingToken);
            }
        }
    }

    private const string SelectDue = """
        select id as Id, type as Type, body as Body, tries as Tries from outbox
         where send_at <= @now order by send_at, id limit @Together
        """;

    private async Task<int> SendDueAsync(CancellationToken cancel)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var due = _store.Read(db => db.Query<Due>(SelectDue, new { now, Together }).AsList());
        if (due.Count == 0)
            return 0;

        var errors = await Task.WhenAll(due.Select(message => PublishAsync(message, cancel)));
        await SettleAsync(due.Zip(errors), cancel);
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
            var body = JsonSerializer.Deserialize(message.Body, type, Json)!;
            await _bus.Publish(body, type, Pipe.Execute<PublishContext>(sent => sent.Mandatory = true), limit.Token);
            return null;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotSent(_logger, message.Type, message.Id, message.Tries + 1, e);
            return e is OperationCanceledException ? "The broker did not answer." : e.Message;
        }
    }

    private const string Sent = "delete from outbox where id = @id";

    private const string NotSent = """
        update outbox set tries = tries + 1, error = @error, send_at = @sendAt where id = @id
        """;

    private const string BuildIsQueued = """
        update build set state = 'queued', sent_at = @now where id = @buildId and state = 'accepted'
        """;

    private const string BuildIsSent = "update build set sent_at = @now where id = @buildId";

    private Task SettleAsync(IEnumerable<(Due Message, string? Error)> results, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        return _store.WriteAsync(db =>
        {
            foreach (var (message, error) in results)
            {
                if (error is null)
                {
                    db.Execute(Sent, new { id = message.Id });
                    if (message.Type == nameof(BuildRequested))
                    {
                        var sent = new { buildId = message.BuildId(), now = now.ToUnixTimeMilliseconds() };
                        db.Execute(BuildIsQueued, sent);
                        db.Execute(BuildIsSent, sent);
                    }
                }
                else
                {
                    var pause = TimeSpan.FromSeconds(Math.Min(30, 1 << (int)Math.Min(message.Tries, 5)));
                    db.Execute(NotSent, new { id = message.Id, error, sendAt = (now + pause).ToUnixTimeMilliseconds() });
                }
            }
        }, cancel);
    }

    private sealed record Due(long Id, string Type, string Body, long Tries)
    {
        public string BuildId() => JsonSerializer.Deserialize<BuildRequested>(Body, Json)!.BuildId.ToString();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{type} (outbox {id}) was not sent, try {tries}; it stays in the outbox")]
        public static partial void NotSent(ILogger logger, string type, long id, long tries, Exception e);

        [LoggerMessage(LogLevel.Error, "The outbox could not be worked off; it is tried again")]
        public static partial void SendingFailed(ILogger logger, Exception e);
    }
}
