using Builds.GraphTracker.Storing;
using MassTransit;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// Publishes what the tables say and nobody was told: rebuilds, what is outdated or current again, how far cascades
/// have come. Told once more where this process dies in between, which changes nothing for who hears it.
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
    private readonly HashSet<string> _unreadable = [];

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
            while (await SelectAsync(cancel) is { Count: > 0 } untold)
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

    private async Task<IReadOnlyList<Untold>> SelectAsync(CancellationToken cancel)
    {
        var stuck = new List<Stuck>();
        var untold = store.Read(db => Untold.Select(db, stuck));
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var rebuild in stuck.Where(one => one.Build is not null))
            await store.WriteAsync(db => Unreadable.Fail(db, rebuild.Build!, rebuild.Error, now), cancel);
        // Each is logged once: with every commit it is read again.
        foreach (var one in stuck.Where(one => _unreadable.Add(one.What)))
            Log.Unreadable(logger, one.What, one.Error);
        if (untold.Count == 0)
            _unreadable.IntersectWith(stuck.Select(one => one.What));
        return untold;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error,
            "{what} cannot be read, and is told to nobody: a rebuild has failed with that, all else waits until its "
            + "row in graph.db is mended. Whatever else there is to tell is told")]
        public static partial void Unreadable(ILogger logger, string what, Exception e);

        [LoggerMessage(LogLevel.Warning, "The broker does not take what was decided; it is told later ({why})")]
        public static partial void NotTold(ILogger logger, string why);
    }
}
