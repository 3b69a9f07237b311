using Builds.Gateway.Publishing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Storing;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Claiming;

/// <summary>
/// Finds the builds that nobody will speak for any more: their worker is dead, or their message is lost. Between two
/// looks it also measures the time in which workers could renew.
/// </summary>
public sealed partial class Sweeper(
    GatewayStore store,
    Releases releases,
    Resending resending,
    Liveness liveness,
    BusConnection connection,
    WorkerQueue workers,
    IOptions<ClaimOptions> options,
    TimeProvider clock,
    ILogger<Sweeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Sweep, clock);
        var before = clock.GetTimestamp();
        var wasConnected = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var now = clock.GetTimestamp();
                if (wasConnected && connection.IsConnected)
                    liveness.Passed(AtMost(2 * options.Value.Sweep, clock.GetElapsedTime(before, now)));
                (before, wasConnected) = (now, connection.IsConnected);
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.SweepFailed(logger, e);
            }
        }
    }

    // A Gateway that was frozen itself has heard nobody meanwhile, although its clock went on.
    private static TimeSpan AtMost(TimeSpan limit, TimeSpan passed) => passed < limit ? passed : limit;

    private async Task SweepAsync(CancellationToken cancel)
    {
        foreach (var build in await store.WriteAsync(releases.GiveUpDead, cancel))
            Log.Dead(logger, build.Id, build.Attempt, build.Worker, options.Value.RenewalLimitSeconds);

        if (!store.Read(resending.HasAny) || await workers.LookAsync(cancel) is not { Ready: 0 })
            return;
        foreach (var id in await store.WriteAsync(resending.SendAgain, cancel))
            Log.SentAgain(logger, id, options.Value.QueuedLongSeconds);
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Build {build}: attempt {attempt} on {worker} is given up, its claim was not renewed for {seconds} s")]
        public static partial void Dead(ILogger logger, string build, long attempt, string? worker, double seconds);

        [LoggerMessage(
            LogLevel.Warning,
            "Build {build} is sent again: queued for more than {seconds} s, and no message waits for the workers")]
        public static partial void SentAgain(ILogger logger, string build, double seconds);

        [LoggerMessage(LogLevel.Error, "Looking for dead claims failed; it is tried again")]
        public static partial void SweepFailed(ILogger logger, Exception e);
    }
}
