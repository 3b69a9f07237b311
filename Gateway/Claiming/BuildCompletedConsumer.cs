using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Claiming;

/// <summary>A worker has published what it was granted: the Gateway need not do it.</summary>
public sealed class BuildCompletedConsumer(GatewayStore store) : IConsumer<BuildCompleted>
{
    public Task Consume(ConsumeContext<BuildCompleted> context) =>
        store.WriteAsync(db => Conclusions.Seen(db, context.Message), context.CancellationToken);
}

public sealed class BuildCompletedConsumerDefinition : ConsumerDefinition<BuildCompletedConsumer>
{
    public BuildCompletedConsumerDefinition() => EndpointName = "gateway.build-completed";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<BuildCompletedConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
