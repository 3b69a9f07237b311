using MassTransit;

namespace Builds.Gateway.Queueing;

/// <summary>How every queue of the Gateway is read whose messages cost one write to the store.</summary>
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
