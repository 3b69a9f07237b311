using Builds.Contracts;
using Builds.Gateway.Storing;
using MassTransit;
using MassTransit.Middleware;

namespace Builds.Gateway.Queueing;

/// <summary>What Portus or GraphTracker asks for is known, listed and cancellable before a worker is free.</summary>
public sealed class BuildRequestedConsumer(GatewayStore store, BuildQueue queue) : IConsumer<BuildRequested>
{
    public Task Consume(ConsumeContext<BuildRequested> context) =>
        store.WriteAsync(db => { queue.Receive(db, context.Message); }, context.CancellationToken);
}

public sealed class BuildRequestedConsumerDefinition : ConsumerDefinition<BuildRequestedConsumer>
{
    public BuildRequestedConsumerDefinition() => EndpointName = "gateway.build-requested";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<BuildRequestedConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.TakesShortMessages();
        endpointConfigurator.ConfigureError(error =>
        {
            error.UseFilter(context.GetRequiredService<UnreadableRequestFilter>());
            error.UseFilter(new GenerateFaultFilter()); // these two are what there is by default
            error.UseFilter(new ErrorTransportFilter());
        });
        if (endpointConfigurator is IRabbitMqReceiveEndpointConfigurator rabbit)
            rabbit.SetQuorumQueue();
    }
}
