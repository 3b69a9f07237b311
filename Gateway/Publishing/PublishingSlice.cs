using Builds.Contracts;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Publishing;

public static class PublishingSlice
{
    public static void AddPublishing(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Outbox>();
        builder.Services.AddSingleton<BusConnection>();
        builder.Services.AddHostedService<OutboxDispatcher>();
    }

    public static void AddPublishingConsumers(this IBusRegistrationConfigurator bus) =>
        bus.AddConsumer<ListDefinitionsConsumer, ListDefinitionsConsumerDefinition>();

    /// <summary>Who reads what the Gateway publishes: the queues are there before their first reader.</summary>
    public static void AddPublishingTopology(this IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Feeds<BuildRequested>("worker.build-requested", quorum: true);
        rabbit.Feeds<BuildRequested>("gateway.build-requested", quorum: true);
        rabbit.Feeds<BuildCompleted>("gateway.build-completed");
        rabbit.Feeds<BuildCompleted>("graph-tracker.build-completed");
        rabbit.Feeds<ImageDefined>("graph-tracker.image-defined");
        rabbit.Feeds<ImageForgotten>("graph-tracker.image-forgotten");
        rabbit.Feeds<ImagePushed>("graph-tracker.image-pushed", quorum: true);
        rabbit.DeployPublishTopology = true;
    }
}
