using Builds.GraphTracker.Storing;
using MassTransit;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// Publishes what the tables say and nobody was told: rebuilds, what is outdated or current again, how far cascades have
/// come. Told once more where this process dies in between, which changes nothing for who hears it.
/// </summary>
public sealed partial class Telling(GraphStore store, IBus bus, TimeProvider clock, ILogger<Telling> logger)
    : BackgroundService
{
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // Without it RabbitMQ drops, silently, what no queue is bound for.
    private static readonly IPipe<PublishContext> MustArrive =
        Pipe.Execute<PublishContext>(sent => sent.Mandatory = true);

    private readonly SemaphoreSlim _wake = new(1, 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        store.Committed += Wake;
        try
        {
            for (var failures = 0; !stoppingToken.IsCancellationRequested;)
            {
                failures = await TellAsync(stoppingToken) ? 0 : failures + 1;
                var pause = failures == 0 ? LongestPause : Pause(failures);
                if (failures > 0)
                    await Task.Delay(pause, clock, stoppingToken);
                else
                    await _wake.WaitAsync(pause, stoppingToken);
            }
        }
        finally
        {
            store.Committed -= Wake;
        }
    }

    private static TimeSpan Pause(int failures) =>
        TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, Math.Min(failures, 5) - 1)));

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
            _wake.Release();
    }

    /// <returns>False where the broker did not take something; it stays, and is told later.</returns>
    private async Task<bool> TellAsync(CancellationToken cancel)
    {
        try
        {
            while (store.Read(Untold.Select) is { Count: > 0 } untold)
            {
                foreach (var one in untold)
                {
                    using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                    limit.CancelAfter(PublishLimit);
                    await bus.Publish(one.Message, one.Message.GetType(), MustArrive, limit.Token);
                }

                await store.WriteAsync(db => Untold.SetTold(db, untold), cancel);
            }

            return true;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotTold(logger, e.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The broker does not take what was decided; it is told later ({why})")]
        public static partial void NotTold(ILogger logger, string why);
    }
}
