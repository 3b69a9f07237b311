using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.GraphTracker.Defining;

public sealed class ImageForgottenConsumer(GraphStore store, Definitions definitions) : IConsumer<ImageForgotten>
{
    public Task Consume(ConsumeContext<ImageForgotten> context) => store.WriteAsync(
        db => definitions.Forget(db, context.Message.Image, context.Message.Version),
        context.CancellationToken);
}

public sealed class ImageForgottenConsumerDefinition : ConsumerDefinition<ImageForgottenConsumer>
{
    public ImageForgottenConsumerDefinition() => EndpointName = "graph-tracker.image-forgotten";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ImageForgottenConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
