using MassTransit;

namespace Builds.Gateway.Publishing;

/// <summary>
/// Whether workers can reach this Gateway: the queue of renewals has its consumer. Told by the endpoint itself, so one
/// that cannot be declared counts as away even while the connection stands.
/// </summary>
public sealed class BusConnection : IReceiveEndpointObserver
{
    private const string Endpoint = "/gateway.renew-claim";

    private volatile bool _isConnected;

    public bool IsConnected => _isConnected;

    /// <summary>Raised each time the connection is there again.</summary>
    public event Action? Connected;

    public Task Ready(ReceiveEndpointReady ready)
    {
        if (Concerns(ready.InputAddress))
        {
            _isConnected = true;
            Connected?.Invoke();
        }

        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Away(stopping.InputAddress);

    public Task Completed(ReceiveEndpointCompleted completed) => Away(completed.InputAddress);

    public Task Faulted(ReceiveEndpointFaulted faulted) => Away(faulted.InputAddress);

    private Task Away(Uri endpoint)
    {
        if (Concerns(endpoint))
            _isConnected = false;
        return Task.CompletedTask;
    }

    private static bool Concerns(Uri endpoint) => endpoint.AbsolutePath.EndsWith(Endpoint, StringComparison.Ordinal);
}
