using Microsoft.Extensions.Options;

namespace Builds.Gateway.Following;

/// <summary>Removes logs that are too old, and the oldest when all together are too large.</summary>
public sealed partial class LogRetention(
    LogStore logs, IOptions<LogOptions> options, TimeProvider clock, ILogger<LogRetention> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Sweep, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.NotSwept(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        var before = clock.GetUtcNow() - options.Value.Keep;
        while (logs.Surplus(before, options.Value.KeepMegabytes * 1_000_000) is { Count: > 0 } surplus)
        {
            foreach (var build in surplus)
            {
                await logs.RemoveAsync(build, cancel);
                Log.Removed(logger, build, options.Value.KeepDays, options.Value.KeepMegabytes);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "The log of build {build} was removed: logs are kept for {days} days and {megabytes} MB together (Logs)")]
        public static partial void Removed(ILogger logger, string build, int days, long megabytes);

        [LoggerMessage(LogLevel.Error, "Old logs could not be removed; it is tried again")]
        public static partial void NotSwept(ILogger logger, Exception e);
    }
}
