using MassTransit;

namespace Builds.GraphTracker.Defining;

/// <summary>How images are built, as the Gateway tells it.</summary>
public static class DefiningSlice
{
    public static void AddDefining(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Definitions>();
        builder.Services.AddHostedService<Resync>();
    }

    public static void AddDefiningConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ImageDefinedConsumer, ImageDefinedConsumerDefinition>();
        bus.AddConsumer<ImageForgottenConsumer, ImageForgottenConsumerDefinition>();
    }
}
