using Builds.Contracts;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Building;

/// <summary>
/// A delivery only brings the work; the claim decides. The delivery is held until the build is settled, and let go at
/// once when its channel dies, so that the endpoint can attach again while the build goes on.
/// </summary>
public sealed partial class BuildRequestedConsumer(
    RunningBuilds builds, ClaimClient claims, IOptions<WorkerOptions> options, ILogger<BuildRequestedConsumer> logger)
    : IConsumer<BuildRequested>
{
    public async Task Consume(ConsumeContext<BuildRequested> context)
    {
        var build = await BeginAsync(context);
        if (build is not null)
            await build.Settled.WaitAsync(context.CancellationToken);
    }

    private async Task<RunningBuild?> BeginAsync(ConsumeContext<BuildRequested> context)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, builds.Draining);
        var request = context.Message;
        IDisposable? slot = null;
        try
        {
            slot = await builds.SlotAsync(cancel.Token);
            var claim = await claims.ClaimAsync(
                new ClaimBuild { ClaimId = NewId.NextGuid(), Request = request, Worker = options.Value.Name }, cancel.Token);
            if (claim.Verdict != ClaimVerdict.Granted)
            {
                Log.NotGranted(logger, request.BuildId, claim.Verdict, claim.Reason);
                slot.Dispose();
                return null;
            }

            Log.Granted(logger, request.BuildId, claim.Attempt!.Value);
            return builds.Start(request with { Image = claim.Image! }, claim, slot);
        }
        catch (OperationCanceledException)
        {
            slot?.Dispose();
            await Task.Delay(Timeout.Infinite, context.CancellationToken); // not begun: back to the queue as the bus stops
            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Build {build}: claim granted, attempt {attempt}")]
        public static partial void Granted(ILogger logger, Guid build, int attempt);

        [LoggerMessage(LogLevel.Information, "Build {build}: claim answered {verdict} ({reason}); the delivery is dropped")]
        public static partial void NotGranted(ILogger logger, Guid build, ClaimVerdict verdict, string? reason);
    }
}

public sealed class BuildRequestedConsumerDefinition : ConsumerDefinition<BuildRequestedConsumer>
{
    private readonly int _slots;

    public BuildRequestedConsumerDefinition(IOptions<WorkerOptions> options, Machines.Machines machines)
    {
        EndpointName = "worker.build-requested";
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
