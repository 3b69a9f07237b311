namespace Builds.Worker.Building;

/// <summary>What an attempt has taken and must give back, in reverse order, whatever else fails.</summary>
public sealed partial class Leftovers(ILogger logger) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _kept = new();

    public T Keep<T>(T thing)
        where T : IAsyncDisposable
    {
        lock (_kept)
        {
            _kept.Push(thing);
        }

        return thing;
    }

    public async ValueTask DisposeAsync()
    {
        while (_kept.TryPop(out var thing))
        {
            try
            {
                await thing.DisposeAsync();
            }
            catch (Exception e)
            {
                Log.NotGone(logger, thing.GetType().Name, e);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error,
            "A {what} could not be cleaned up; the next sweep or start of this worker does it")]
        public static partial void NotGone(ILogger logger, string what, Exception e);
    }
}
