using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Publishing;

/// <summary>
/// Everything the Gateway publishes is written here in the transaction that decided it, and deleted once the broker has
/// confirmed it: at least once, never lost, and nobody waits for a broker.
/// </summary>
public sealed class Outbox : IDisposable
{
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _signal = new(0);
    private int _written;

    public Outbox(GatewayStore store, TimeProvider clock)
    {
        _clock = clock;
        store.Committed += () =>
        {
            if (Interlocked.Exchange(ref _written, 0) == 1)
                Wake();
        };
    }

    private const string Insert = """
        insert into outbox (type, body, build_id, send_at, withdrawal)
        values (@type, @body, @buildId, @sendAt, @withdrawal)
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
            buildId = (message as BuildRequested)?.BuildId.ToString(),
            sendAt = (_clock.GetUtcNow() + delay).ToUnixTimeMilliseconds(),
            withdrawal,
        });
        Volatile.Write(ref _written, 1);
    }

    private const string InsertPlain = "insert into outbox (type, body, send_at) values (@type, @body, @now)";

    /// <summary>Many at once that are due now, in their order. To be called inside a write to the store.</summary>
    public void AddAll(SqliteConnection db, IReadOnlyCollection<ImagePushed> messages)
    {
        using var insert = db.CreateCommand(); // prepared once
        insert.CommandText = InsertPlain;
        insert.Parameters.AddWithValue("@type", nameof(ImagePushed));
        insert.Parameters.AddWithValue("@now", _clock.GetUtcNow().ToUnixTimeMilliseconds());
        var body = insert.Parameters.AddWithValue("@body", "");
        foreach (var message in messages)
        {
            body.Value = JsonSerializer.Serialize(message, Json);
            insert.ExecuteNonQuery();
        }

        if (messages.Count > 0)
            Volatile.Write(ref _written, 1);
    }

    /// <summary>Takes back what was not sent yet.</summary>
    public static void Withdraw(SqliteConnection db, string withdrawal) =>
        db.Execute("delete from outbox where withdrawal = @withdrawal", new { withdrawal });

    /// <summary>There may be something to send.</summary>
    public void Wake()
    {
        if (_signal.CurrentCount == 0) // two at once only make the dispatcher look twice
            _signal.Release();
    }

    public Task WrittenAsync(TimeSpan atMost, CancellationToken cancel) => _signal.WaitAsync(atMost, cancel);

    public void Dispose() => _signal.Dispose();
}
