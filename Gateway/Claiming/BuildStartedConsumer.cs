using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Claiming;

public sealed class BuildStartedConsumer(GatewayStore store) : IConsumer<BuildStarted>
{
    public Task Consume(ConsumeContext<BuildStarted> context) =>
        store.WriteAsync(db => Claims.Started(db, context.Message), context.CancellationToken);
}

public sealed class BuildStartedConsumerDefinition : ConsumerDefinition<BuildStartedConsumer>
{
    public BuildStartedConsumerDefinition() => EndpointName = "gateway.build-started";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<BuildStartedConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
