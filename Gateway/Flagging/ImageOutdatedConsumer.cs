using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Flagging;

public sealed class ImageOutdatedConsumer(GatewayStore store, Flags flags) : IConsumer<ImageOutdated>
{
    public Task Consume(ConsumeContext<ImageOutdated> context) =>
        store.WriteAsync(db => flags.Outdated(db, context.Message), context.CancellationToken);
}

public sealed class ImageOutdatedConsumerDefinition : ConsumerDefinition<ImageOutdatedConsumer>
{
    public ImageOutdatedConsumerDefinition() => EndpointName = "gateway.image-outdated";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ImageOutdatedConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
