using Builds.Contracts;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.GraphTracker.Layers;

/// <summary>What the graph of layers is fed with. For now the queues keep it, until something reads them.</summary>
public static class LayersSlice
{
    public static void AddLayersTopology(this IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Feeds<ImagePushed>("graph-tracker.image-pushed", quorum: true);
        rabbit.Feeds<BuildCompleted>("graph-tracker.build-completed");
        rabbit.Feeds<ImageDefined>("graph-tracker.image-defined");
        rabbit.Feeds<ImageForgotten>("graph-tracker.image-forgotten");
        rabbit.DeployPublishTopology = true;
    }
}
