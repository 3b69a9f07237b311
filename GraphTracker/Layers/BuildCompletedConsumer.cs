using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// A build has ended: it is kept, with what it stood on, and the registry is asked about the tags it pushed.
/// </summary>
public sealed class BuildCompletedConsumer(GraphStore store, IOptions<RegistryOptions> registries, TimeProvider clock)
    : IConsumer<BuildCompleted>
{
    public Task Consume(ConsumeContext<BuildCompleted> context)
    {
        var now = clock.GetUtcNow();
        return store.WriteAsync(
            db => Recording.Run(
                db, now, recording => recording.Build(context.Message, registries.Value.Default)),
            context.CancellationToken);
    }
}

public sealed class BuildCompletedConsumerDefinition : ConsumerDefinition<BuildCompletedConsumer>
{
    public BuildCompletedConsumerDefinition() => EndpointName = "graph-tracker.build-completed";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<BuildCompletedConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
