using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Claiming;

public sealed class ReleaseClaimConsumer(GatewayStore store, Releases releases) : IConsumer<ReleaseClaim>
{
    public async Task Consume(ConsumeContext<ReleaseClaim> context) => await context.RespondAsync(
        await store.WriteAsync(db => releases.Release(db, context.Message), context.CancellationToken));
}

public sealed class ReleaseClaimConsumerDefinition : ConsumerDefinition<ReleaseClaimConsumer>
{
    public ReleaseClaimConsumerDefinition() => EndpointName = "gateway.release-claim";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ReleaseClaimConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
