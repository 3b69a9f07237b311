using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.GraphTracker.Cascading;

public sealed class ListCascadesConsumer(GraphStore store) : IConsumer<ListCascades>
{
    private const int Page = 100;

    public Task Consume(ConsumeContext<ListCascades> context)
    {
        var items = store.Read(db =>
            CascadeSummaries.Page(db, context.Message.State, context.Message.After, Page + 1));
        return context.RespondAsync(new Contracts.Cascades
        {
            Items = [.. items.Take(Page)],
            Next = items.Count > Page ? items[Page - 1].CascadeId : null,
        });
    }
}

public sealed class ListCascadesConsumerDefinition : ConsumerDefinition<ListCascadesConsumer>
{
    public ListCascadesConsumerDefinition() => EndpointName = "graph-tracker.list-cascades";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ListCascadesConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
