using MassTransit;

namespace Builds.GraphTracker.Layers;

/// <summary>How every queue of GraphTracker is read: a message costs a write to the store or a few reads.</summary>
public static class ShortMessages
{
    private const ushort Together = 64; // what waits together is committed together

    /// <summary>Tried three times more, then put into the error queue with the reason. Nobody reads faults.</summary>
    public static void TakesShortMessages(this IReceiveEndpointConfigurator endpoint)
    {
        endpoint.PrefetchCount = Together;
        endpoint.ConcurrentMessageLimit = Together;
        endpoint.PublishFaults = false;
        endpoint.UseMessageRetry(retry => retry.Exponential(
            3, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(300)));
    }
}
