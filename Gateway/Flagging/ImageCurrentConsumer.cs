using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Flagging;

public sealed class ImageCurrentConsumer(GatewayStore store, Flags flags) : IConsumer<ImageCurrent>
{
    public Task Consume(ConsumeContext<ImageCurrent> context) =>
        store.WriteAsync(db => flags.Current(db, context.Message), context.CancellationToken);
}

public sealed class ImageCurrentConsumerDefinition : ConsumerDefinition<ImageCurrentConsumer>
{
    public ImageCurrentConsumerDefinition() => EndpointName = "gateway.image-current";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ImageCurrentConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
