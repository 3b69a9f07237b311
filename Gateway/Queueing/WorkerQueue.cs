using Builds.ServiceDefaults;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Builds.Gateway.Queueing;

/// <summary>
/// Looks at the queue that the workers read, by a connection of its own: MassTransit has no way to ask. An answer is at
/// most two seconds old.
/// </summary>
public sealed partial class WorkerQueue(IOptions<BusOptions> bus, TimeProvider clock, ILogger<WorkerQueue> logger)
    : IAsyncDisposable
{
    public const string Name = "worker.build-requested";

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _one = new(1);
    private IConnection? _connection;
    private WorkerQueueLook? _last;
    private long _lookedAt;

    /// <returns>Null where the broker cannot be asked.</returns>
    public async Task<WorkerQueueLook?> LookAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (_lookedAt == 0 || clock.GetElapsedTime(_lookedAt) > Fresh)
            {
                _last = await AskAsync(cancel);
                _lookedAt = clock.GetTimestamp();
            }

            return _last;
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _one.Dispose();
    }

    private async Task<WorkerQueueLook?> AskAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        try
        {
            if (_connection is not { IsOpen: true })
                await ConnectAsync(limit.Token);
            await using var channel = await _connection!.CreateChannelAsync(cancellationToken: limit.Token);
            var queue = await channel.QueueDeclarePassiveAsync(Name, limit.Token);
            return new WorkerQueueLook(queue.MessageCount, queue.ConsumerCount);
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
        {
            return new WorkerQueueLook(0, 0); // nobody has declared it yet, or somebody has deleted it
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.CannotLook(logger, Name, e.Message);
            return null;
        }
    }

    private async Task ConnectAsync(CancellationToken cancel)
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _connection = null;
        var factory = new ConnectionFactory
        {
            Uri = bus.Value.Address,
            AutomaticRecoveryEnabled = false, // a new one is made when it is needed
            ClientProvidedName = "Builds.Gateway looking at " + Name,
        };
        _connection = await factory.CreateConnectionAsync(cancel);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The broker could not be asked about {queue}: {error}")]
        public static partial void CannotLook(ILogger logger, string queue, string error);
    }
}

/// <param name="Ready">Messages that no worker has taken yet.</param>
/// <param name="Workers">Consumers of the queue, one for each worker that is connected.</param>
public sealed record WorkerQueueLook(uint Ready, uint Workers);
