using Builds.Contracts;
using Builds.Worker.Images;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Building;

/// <summary>
/// A delivery only brings the work; the claim decides. The delivery is held until the build is settled, and let go at
/// once when its channel dies, so that the endpoint can attach again while the build goes on.
/// </summary>
public sealed partial class BuildRequestedConsumer(
    RunningBuilds builds, ClaimClient claims, RegistryConnections registries, IOptions<WorkerOptions> options,
    ILogger<BuildRequestedConsumer> logger) : IConsumer<BuildRequested>
{
    public async Task Consume(ConsumeContext<BuildRequested> context)
    {
        var channel = context.CancellationToken;
        try
        {
            // Goes on when the channel dies: a grant that is on its way must not be thrown away.
            if (await BeginAsync(context.Message, channel).WaitAsync(channel) is { } build)
                await build.Settled.WaitAsync(channel);
        }
        catch (OperationCanceledException) when (builds.Draining.IsCancellationRequested)
        {
            await Task.Delay(Timeout.Infinite, channel); // not begun: back to the queue as it is let go of
        }
    }

    private async Task<RunningBuild?> BeginAsync(BuildRequested request, CancellationToken channel)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(channel, builds.Draining);
        var slot = await builds.SlotAsync(waiting.Token);
        try
        {
            var claim = await claims.ClaimAsync(
                new ClaimBuild { ClaimId = NewId.NextGuid(), Request = request, Worker = options.Value.Name },
                builds.Draining);
            if (claim.Verdict == ClaimVerdict.Granted)
            {
                Log.Granted(logger, request.BuildId, claim.Attempt!.Value);
                if (claim.DefaultRegistry is { } registry)
                    registries.Allow(registry);
                return builds.Start(request with { Image = claim.Image! }, claim, slot);
            }

            Log.NotGranted(logger, request.BuildId, claim.Verdict, claim.Reason);
            slot.Dispose();
            return null;
        }
        catch
        {
            slot.Dispose();
            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Build {build}: claim granted, attempt {attempt}")]
        public static partial void Granted(ILogger logger, Guid build, int attempt);

        [LoggerMessage(LogLevel.Information,
            "Build {build}: claim answered {verdict} ({reason}); the delivery is dropped")]
        public static partial void NotGranted(ILogger logger, Guid build, ClaimVerdict verdict, string? reason);
    }
}

public sealed class BuildRequestedConsumerDefinition : ConsumerDefinition<BuildRequestedConsumer>
{
    public const string Queue = "worker.build-requested";

    private readonly int _slots;

    public BuildRequestedConsumerDefinition(IOptions<WorkerOptions> options, Machines.Machines machines)
    {
        EndpointName = Queue;
        _slots = Math.Min(options.Value.Slots, machines.MostAtOnce ?? int.MaxValue);
    }

    // No retry here: a failed claim goes back to the queue with its delivery, and a build has the Gateway's attempts.
    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<BuildRequestedConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = _slots;
        endpointConfigurator.ConcurrentMessageLimit = _slots;
        if (endpointConfigurator is IRabbitMqReceiveEndpointConfigurator rabbit)
            rabbit.SetQueueArgument("x-queue-type", "quorum");
    }
}
