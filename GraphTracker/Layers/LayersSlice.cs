using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using MassTransit;

namespace Builds.GraphTracker.Layers;

/// <summary>What every tag points to and ever pointed to, and which image stands on which.</summary>
public static class LayersSlice
{
    public static void AddLayers(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<LayersOptions>()
            .BindConfiguration("Layers")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<DueQuestions>();
        builder.Services.AddSingleton(services =>
        {
            var client = services.GetRequiredService<RegistryClient>();
            return new Inquiry(
                services.GetRequiredService<GraphStore>(), client.DigestOfAsync, client.ReadAsync,
                client.IsOfTheRequestAsync);
        });
        builder.Services.AddSingleton<Questioner>();
        builder.Services.AddHostedService<Asking>();
    }

    public static void AddLayersConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ImagePushedConsumer, ImagePushedConsumerDefinition>();
        bus.AddConsumer<BuildCompletedConsumer, BuildCompletedConsumerDefinition>();
        bus.AddConsumer<ReadGraphConsumer, ReadGraphConsumerDefinition>();
    }
}
