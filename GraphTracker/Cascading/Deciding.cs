using System.Threading.Channels;
using Builds.GraphTracker.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Cascading;

/// <summary>Decides whenever something has changed or is due. All that it knows is in the store.</summary>
public sealed partial class Deciding(
    GraphStore store, IOptions<CascadeOptions> options, TimeProvider clock, ILogger<Deciding> logger)
    : BackgroundService
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        store.Committed += Wake;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
                await SleepAsync(await DecideAsync(stoppingToken), stoppingToken);
        }
        finally
        {
            store.Committed -= Wake;
        }
    }

    private void Wake() => _wakes.Writer.TryWrite(true);

    private async Task<TimeSpan> DecideAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
                if (store.Read(db => Round.Next(db, options.Value)) is not { } due)
                    return LongestSleep;
                if (due > now)
                    return TimeSpan.FromMilliseconds(Math.Min(due - now, LongestSleep.TotalMilliseconds));

                var decided = await store.WriteAsync(db => Round.Run(db, options.Value, now), cancel);
                Tell(decided);
                if (!decided.Any)
                    return await RestAsync(cancel);
            }
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.Failed(logger, e);
            return await RestAsync(cancel);
        }
    }

    // Nothing wakes it: the commit of what has failed would.
    private async Task<TimeSpan> RestAsync(CancellationToken cancel)
    {
        await Task.Delay(AfterFailure, clock, cancel);
        return TimeSpan.Zero;
    }

    private void Tell(Decided decided)
    {
        foreach (var stuck in decided.Stuck)
            Log.Stuck(logger, stuck.What, stuck.Error);
        foreach (var ended in decided.Ended)
            Log.Ended(logger, ended.Name, ended.Build, ended.State, ended.Why ?? "its tags were looked up");
        foreach (var request in decided.Asked)
            Log.Rebuilding(
                logger, $"{request.Image.Registry}/{request.Image.Repository}:{string.Join(',', request.Tags)}",
                request.BuildId, request.Cause!.Base, request.Cause.OldDigest, request.Cause.NewDigest,
                request.Cause.Evidence, request.Cause.CascadeId, request.Cause.Depth);
    }

    private async Task SleepAsync(TimeSpan pause, CancellationToken cancel)
    {
        using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(_wakes.Reader.ReadAsync(awake.Token).AsTask(), Task.Delay(pause, clock, awake.Token));
        await awake.CancelAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "Rebuilding {image} (build {build}) because {moved} moved {was} → {now}, evidence {evidence}; cascade "
            + "{cascade}, storey {depth}")]
        public static partial void Rebuilding(
            ILogger logger, string image, Guid build, string? moved, string? was, string? now, string? evidence,
            Guid? cascade, int? depth);

        [LoggerMessage(LogLevel.Information, "The rebuild of {image} (build {build}) is {state}: {why}")]
        public static partial void Ended(ILogger logger, string image, string build, string state, string why);

        [LoggerMessage(LogLevel.Error,
            "{what} could not be decided. It is tried again, and nothing above it is rebuilt meanwhile; all else goes "
            + "on. Where the error stays, define the image anew or mend what it names in graph.db")]
        public static partial void Stuck(ILogger logger, string what, Exception e);

        [LoggerMessage(LogLevel.Error, "What is outdated could not be decided; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e);
    }
}
