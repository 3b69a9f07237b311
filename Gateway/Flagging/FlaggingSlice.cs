using MassTransit;

namespace Builds.Gateway.Flagging;

/// <summary>What is outdated, as GraphTracker told and as people are shown.</summary>
public static class FlaggingSlice
{
    public static void AddFlagging(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<Flags>();

    public static void AddFlaggingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ImageOutdatedConsumer, ImageOutdatedConsumerDefinition>();
        bus.AddConsumer<ImageCurrentConsumer, ImageCurrentConsumerDefinition>();
        bus.AddConsumer<CascadeChangedConsumer, CascadeChangedConsumerDefinition>();
    }
}
