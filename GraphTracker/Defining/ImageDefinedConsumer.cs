using Builds.Contracts;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.GraphTracker.Defining;

public sealed class ImageDefinedConsumer(GraphStore store, Definitions definitions) : IConsumer<ImageDefined>
{
    public Task Consume(ConsumeContext<ImageDefined> context) => store.WriteAsync(
        db => definitions.Define(db, context.Message),
        context.CancellationToken);
}

public sealed class ImageDefinedConsumerDefinition : ConsumerDefinition<ImageDefinedConsumer>
{
    public ImageDefinedConsumerDefinition() => EndpointName = "graph-tracker.image-defined";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ImageDefinedConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
