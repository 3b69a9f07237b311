using Builds.Contracts;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;
using MassTransit.Middleware;

namespace Builds.Gateway.Queueing;

/// <summary>What Portus or GraphTracker asks for is known, listed and cancellable before a worker is free.</summary>
public sealed class BuildRequestedConsumer(GatewayStore store, BuildQueue queue, GitAddresses addresses)
    : IConsumer<BuildRequested>
{
    public async Task Consume(ConsumeContext<BuildRequested> context)
    {
        var (request, cancel) = (context.Message, context.CancellationToken);
        if (store.Read(db => QueuedBuild.IsKnown(db, request.BuildId)))
            return; // all that this Gateway has sent comes by here too

        var problem = await addresses.ProblemAsync(request.Source, cancel);
        await store.WriteAsync(db => { queue.Receive(db, request, problem); }, cancel);
    }
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
