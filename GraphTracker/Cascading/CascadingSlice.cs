using Builds.Contracts;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.GraphTracker.Cascading;

/// <summary>What the push of a base image sets off: who is outdated, and what is rebuilt in which order.</summary>
public static class CascadingSlice
{
    public static void AddCascading(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<CascadeOptions>()
            .BindConfiguration("Cascades")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddHostedService<Deciding>();
        builder.Services.AddHostedService<Telling>();
        builder.Services.AddHostedService<Overdue>();
    }

    public static void AddCascadingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<PreviewCascadeConsumer, PreviewCascadeConsumerDefinition>();
        bus.AddConsumer<ListCascadesConsumer, ListCascadesConsumerDefinition>();
        bus.AddConsumer<ReadCascadeConsumer, ReadCascadeConsumerDefinition>();
        bus.AddConsumer<ChangeCascadeConsumer, ChangeCascadeConsumerDefinition>();
        bus.AddConsumer<ListOutdatedConsumer, ListOutdatedConsumerDefinition>();
    }

    /// <summary>Who reads what GraphTracker publishes: the queues are there before their first reader.</summary>
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
