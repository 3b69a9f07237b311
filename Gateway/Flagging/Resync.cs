using Builds.Contracts;
using Builds.Gateway.Graphing;
using Builds.Gateway.Publishing;
using Builds.Gateway.Storing;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Flagging;

/// <summary>
/// Asks GraphTracker for all that is outdated, at start and every so often: what was told while this store was away, or
/// restored from a backup, is made good. Where it does not answer, what is known stands.
/// </summary>
public sealed partial class Resync(
    GatewayStore store, Flags flags, GraphClient graph, BusConnection connection, IOptions<FlagOptions> options,
    TimeProvider clock, ILogger<Resync> logger) : BackgroundService
{
    private const int Together = 200;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = connection.IsConnected ? options.Value.Retry : Look;
            try
            {
                if (connection.IsConnected && await ResyncAsync(stoppingToken))
                    pause = options.Value.Resync;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Failed(logger, e);
            }

            await Task.Delay(pause, clock, stoppingToken);
        }
    }

    /// <returns>False where GraphTracker did not answer to the end.</returns>
    private async Task<bool> ResyncAsync(CancellationToken cancel)
    {
        var asked = clock.GetUtcNow();
        if (await AllAsync(cancel) is not { } listed)
            return false;

        foreach (var portion in listed.Chunk(Together))
        {
            await store.WriteAsync(db =>
            {
                foreach (var flag in portion)
                    flags.Outdated(db, flag);
            }, cancel);
        }

        var gone = await store.WriteAsync(db => flags.Keep(db, listed, asked), cancel);
        Log.Done(logger, listed.Count, gone);
        return true;
    }

    private async Task<List<ImageOutdated>?> AllAsync(CancellationToken cancel)
    {
        var all = new List<ImageOutdated>();
        for (long? after = null; ;)
        {
            if (await graph.TryAsync(new ListOutdated { After = after }, cancel) is not { } page)
                return null;
            all.AddRange(page.Images);
            if (page.Next is not { } next)
                return all;
            after = next;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "GraphTracker lists {count} tags as outdated; {gone} others are not any more")]
        public static partial void Done(ILogger logger, int count, int gone);

        [LoggerMessage(LogLevel.Error, "What is outdated could not be compared with GraphTracker; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e);
    }
}
