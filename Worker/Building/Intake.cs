using MassTransit;

namespace Builds.Worker.Building;

/// <summary>
/// The queue of builds as this worker reads it. A worker that drains lets go of it before its last build ends:
/// otherwise it would hold deliveries that another one could begin.
/// </summary>
public sealed partial class Intake(ILogger<Intake> logger) : IReceiveEndpointObserver
{
    private volatile IReceiveEndpoint? _endpoint;

    /// <summary>Nothing is taken any more. What is held goes back to the queue, also the deliveries of builds that run:
    /// their second delivery is refused its claim.</summary>
    public async Task CloseAsync(CancellationToken cancel)
    {
        try
        {
            await (_endpoint?.Stop(cancel) ?? Task.CompletedTask);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotClosed(logger, e); // without a connection nothing is held
        }
    }

    public Task Ready(ReceiveEndpointReady ready)
    {
        var path = ready.InputAddress.AbsolutePath;
        if (path.EndsWith($"/{BuildRequestedConsumerDefinition.Queue}", StringComparison.Ordinal))
            _endpoint = ready.ReceiveEndpoint;
        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    public Task Faulted(ReceiveEndpointFaulted faulted) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The queue of builds could not be let go of; it is when the bus stops")]
        public static partial void NotClosed(ILogger logger, Exception e);
    }
}
