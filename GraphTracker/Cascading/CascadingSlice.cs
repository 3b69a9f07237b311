using Builds.Contracts;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// What a push of a base image sets off. For now only its queues, so that nothing sent early is lost.
/// </summary>
public static class CascadingSlice
{
    public static void AddCascadingTopology(this IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Feeds<BuildRequested>("worker.build-requested", quorum: true);
        rabbit.Feeds<BuildRequested>("gateway.build-requested", quorum: true);
        rabbit.Feeds<ImageOutdated>("gateway.image-outdated");
        rabbit.Feeds<ImageCurrent>("gateway.image-current");
        rabbit.Feeds<CascadeChanged>("gateway.cascade-changed");
        rabbit.DeployPublishTopology = true;
    }
}
