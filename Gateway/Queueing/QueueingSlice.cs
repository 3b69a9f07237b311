using MassTransit;

namespace Builds.Gateway.Queueing;

/// <summary>How builds enter, in which order they go, and how they end.</summary>
public static class QueueingSlice
{
    public static void AddQueueing(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<RequestOptions>()
            .BindConfiguration("Requests")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<BuildQueue>();
        builder.Services.AddSingleton<Turns>();
        builder.Services.AddSingleton<Endings>();
        builder.Services.AddSingleton<RequestRules>();
        builder.Services.AddSingleton<Cancellation>();
        builder.Services.AddSingleton<Retrying>();
        builder.Services.AddSingleton<WorkerQueue>();
        builder.Services.AddSingleton<UnreadableRequestFilter>();
    }

    public static void AddQueueingConsumers(this IBusRegistrationConfigurator bus) =>
        bus.AddConsumer<BuildRequestedConsumer, BuildRequestedConsumerDefinition>();
}
