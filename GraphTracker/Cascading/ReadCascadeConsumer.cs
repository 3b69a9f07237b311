using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.GraphTracker.Cascading;

public sealed class ReadCascadeConsumer(GraphStore store) : IConsumer<ReadCascade>
{
    public Task Consume(ConsumeContext<ReadCascade> context) =>
        context.RespondAsync(store.Read(db => new CascadeDetails
        {
            Cascade = CascadeSummaries.Find(db, context.Message.CascadeId),
            Nodes = CascadeNodes.Read(db, context.Message.CascadeId),
        }));
}

public sealed class ReadCascadeConsumerDefinition : ConsumerDefinition<ReadCascadeConsumer>
{
    public ReadCascadeConsumerDefinition() => EndpointName = "graph-tracker.read-cascade";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ReadCascadeConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
