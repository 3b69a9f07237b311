using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Layers;

/// <summary>What an image stands on, and what stands on it.</summary>
public sealed class ReadGraphConsumer(GraphStore store, IOptions<RegistryOptions> registries) : IConsumer<ReadGraph>
{
    private const int MostEdges = 10_000; // in each direction; about three megabytes

    public Task Consume(ConsumeContext<ReadGraph> context)
    {
        var (asked, name) = (context.Message.Image, context.Message.Tag);
        var registry = asked.Registry ?? registries.Value.Default;
        return context.RespondAsync(store.Read(db =>
        {
            var tags = GraphTags.Find(db, registry, asked.Repository, name);
            var start = tags.Select(tag => tag.Id).ToList();
            var below = GraphWalk.Below(db, start, MostEdges);
            var above = GraphWalk.Above(db, start, MostEdges);
            return new ImageGraph
            {
                Image = new ImageReference { Registry = registry, Repository = asked.Repository },
                Tags = [.. tags.Select(tag => GraphTags.Describe(db, tag))],
                Ancestors = below.Edges,
                Descendants = above.Edges,
                Truncated = below.Truncated || above.Truncated,
            };
        }));
    }
}

public sealed class ReadGraphConsumerDefinition : ConsumerDefinition<ReadGraphConsumer>
{
    public ReadGraphConsumerDefinition() => EndpointName = "graph-tracker.read-graph";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ReadGraphConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
