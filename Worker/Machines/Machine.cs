using Builds.Worker.Images;

namespace Builds.Worker.Machines;

/// <summary>
/// A Docker daemon made for one build. Disposing of it removes the machine, on a time limit of its own; what could not
/// be removed by then is removed by the sweep.
/// </summary>
public sealed class Machine : IAsyncDisposable
{
    private readonly Func<Task> _remove;
    private int _disposed;

    internal Machine(string name, DaemonEndpoint daemon, Func<Task> remove) =>
        (Name, Daemon, _remove) = (name, daemon, remove);

    public string Name { get; }
    public DaemonEndpoint Daemon { get; }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            await _remove();
    }
}
