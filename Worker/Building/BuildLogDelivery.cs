using System.Threading.Channels;
using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>
/// Brings batches to the broker, several at a time and each until it is taken; whoever adds too many waits.
/// </summary>
public sealed partial class BuildLogDelivery : IAsyncDisposable
{
    private const int InFlight = 8;
    private const int Waiting = 32; // batches in memory while the broker is behind, 2 MiB
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(30);

    private readonly Func<BuildLog, CancellationToken, Task> _publish;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _abandoned = new();
    private readonly Channel<BuildLog> _batches = Channel.CreateBounded<BuildLog>(Waiting);
    private readonly Task _lanes;

    public BuildLogDelivery(Func<BuildLog, CancellationToken, Task> publish, TimeProvider clock, ILogger logger)
    {
        (_publish, _clock, _logger) = (publish, clock, logger);
        _lanes = Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => DeliverAsync()));
    }

    public ValueTask AddAsync(BuildLog batch, CancellationToken cancel) => _batches.Writer.WriteAsync(batch, cancel);

    /// <summary>Nothing is added any more.</summary>
    public void Complete() => _batches.Writer.TryComplete();

    /// <summary>Waits for the broker to have everything, but not for ever.</summary>
    public async ValueTask DisposeAsync()
    {
        Complete();
        _abandoned.CancelAfter(Farewell);
        await _lanes;
        _abandoned.Dispose();
    }

    private async Task DeliverAsync()
    {
        await foreach (var batch in _batches.Reader.ReadAllAsync(CancellationToken.None))
        {
            while (!await IsDeliveredAsync(batch))
            {
                if (_abandoned.IsCancellationRequested)
                {
                    Log.GivenUp(_logger, batch.BuildId, batch.Attempt, batch.Sequence);
                    break;
                }

                await Task.Delay(Pause, _clock, CancellationToken.None);
            }
        }
    }

    private async Task<bool> IsDeliveredAsync(BuildLog batch)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_abandoned.Token);
        limit.CancelAfter(PublishLimit); // without a broker a publish waits for its token and nothing else
        try
        {
            await _publish(batch, limit.Token);
            return true;
        }
        catch (Exception e)
        {
            Log.Delayed(_logger, batch.BuildId, batch.Attempt, batch.Sequence, e.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning,
            "Build {build} attempt {attempt}: log batch {sequence} is not delivered yet: {why}")]
        public static partial void Delayed(ILogger logger, Guid build, int attempt, int sequence, string why);

        [LoggerMessage(LogLevel.Error, "Build {build} attempt {attempt}: log batch {sequence} was given up")]
        public static partial void GivenUp(ILogger logger, Guid build, int attempt, int sequence);
    }
}
