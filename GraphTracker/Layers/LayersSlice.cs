using MassTransit;

namespace Builds.GraphTracker.Layers;

/// <summary>What every tag points to and ever pointed to, and which image stands on which.</summary>
public static class LayersSlice
{
    public static void AddLayers(this IHostApplicationBuilder builder)
    {
    }

    public static void AddLayersConsumers(this IBusRegistrationConfigurator bus)
    {
    }
}
