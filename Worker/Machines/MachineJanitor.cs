using Microsoft.Extensions.Options;

namespace Builds.Worker.Machines;

/// <summary>At start and every so often: machines without a living build are removed, whoever made them.</summary>
public sealed partial class MachineJanitor(
    Machines machines, IOptions<MachineOptions> options, TimeProvider clock, ILogger<MachineJanitor> logger)
    : BackgroundService
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await machines.SettleAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await machines.SweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.SweepFailed(logger, e);
            }

            await Task.Delay(TimeSpan.FromSeconds(options.Value.SweepSeconds), clock, stoppingToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "The sweep for machines without a build failed and is tried again")]
        public static partial void SweepFailed(ILogger logger, Exception error);
    }
}
