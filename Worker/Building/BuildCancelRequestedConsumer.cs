using Builds.Contracts;
using MassTransit;

namespace Builds.Worker.Building;

/// <summary>Ends a build of this worker; one that is lost is made good by the next renewal of the claim.</summary>
public sealed class BuildCancelRequestedConsumer(RunningBuilds builds) : IConsumer<BuildCancelRequested>
{
    public Task Consume(ConsumeContext<BuildCancelRequested> context)
    {
        builds.Cancel(context.Message.BuildId, context.Message.By);
        return Task.CompletedTask;
    }
}

public sealed class BuildCancelRequestedConsumerDefinition : ConsumerDefinition<BuildCancelRequestedConsumer>
{
    public BuildCancelRequestedConsumerDefinition() =>
        Endpoint(endpoint =>
        {
            endpoint.Name = $"worker.cancel.{NewId.NextGuid():N}";
            endpoint.Temporary = true;
        });
}
