using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Claiming;

public sealed class RenewClaimConsumer(GatewayStore store, Claims claims) : IConsumer<RenewClaim>
{
    public async Task Consume(ConsumeContext<RenewClaim> context) => await context.RespondAsync(
        await store.WriteAsync(db => claims.Renew(db, context.Message), context.CancellationToken));
}

public sealed class RenewClaimConsumerDefinition : ConsumerDefinition<RenewClaimConsumer>
{
    public RenewClaimConsumerDefinition() => EndpointName = "gateway.renew-claim";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<RenewClaimConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
