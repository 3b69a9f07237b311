using Builds.Contracts;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Claiming;

public sealed class ConcludeBuildConsumer(GatewayStore store, Conclusions conclusions) : IConsumer<ConcludeBuild>
{
    public async Task Consume(ConsumeContext<ConcludeBuild> context) => await context.RespondAsync(
        await store.WriteAsync(db => conclusions.Conclude(db, context.Message), context.CancellationToken));
}

public sealed class ConcludeBuildConsumerDefinition : ConsumerDefinition<ConcludeBuildConsumer>
{
    public ConcludeBuildConsumerDefinition() => EndpointName = "gateway.conclude-build";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ConcludeBuildConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
