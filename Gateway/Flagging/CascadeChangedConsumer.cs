using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Flagging;

public sealed class CascadeChangedConsumer(GatewayStore store, Flags flags) : IConsumer<CascadeChanged>
{
    public Task Consume(ConsumeContext<CascadeChanged> context) =>
        store.WriteAsync(db => flags.Changed(db, context.Message), context.CancellationToken);
}

public sealed class CascadeChangedConsumerDefinition : ConsumerDefinition<CascadeChangedConsumer>
{
    public CascadeChangedConsumerDefinition() => EndpointName = "gateway.cascade-changed";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<CascadeChangedConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
