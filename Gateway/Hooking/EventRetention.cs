using Microsoft.Extensions.Options;

namespace Builds.Gateway.Hooking;

/// <summary>Forgets, every hour, the ids of events that no registry repeats any more.</summary>
public sealed partial class EventRetention(
    RegistryEvents events, IOptions<HookingOptions> options, TimeProvider clock, ILogger<EventRetention> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), clock);
        do
        {
            try
            {
                var before = clock.GetUtcNow().AddDays(-options.Value.KeepEventDays);
                while (await events.ForgetAsync(before, stoppingToken) > 0)
                    stoppingToken.ThrowIfCancellationRequested();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.NotForgotten(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Old ids of registry events could not be removed; it is tried again")]
        public static partial void NotForgotten(ILogger logger, Exception e);
    }
}
