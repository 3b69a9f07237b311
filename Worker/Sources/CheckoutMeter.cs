using System.Diagnostics;
using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>
/// Counts what a checkout takes from the network and puts on the disk, and tells the worker that it is alive.
/// </summary>
internal sealed class CheckoutMeter(SourceOptions options, Action<CheckoutReport> report)
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(200);
    private static readonly CheckoutReport Alive = new();
    private readonly Stopwatch _sinceBeat = Stopwatch.StartNew();
    private long _received;
    private long _written;
    private int _files;

    public int Files => _files;
    public long Written => _written;

    public void Say(string line) => report(new CheckoutReport { Say = line });

    public void Moved()
    {
        if (_sinceBeat.Elapsed < Beat)
            return;
        _sinceBeat.Restart();
        report(Alive);
    }

    public void Received(int bytes)
    {
        _received += bytes;
        if (_received > options.MaxReceivedBytes)
        {
            throw Limit(
                $"The repository sends more than {GitText.Size(options.MaxReceivedBytes)}",
                nameof(options.MaxReceivedBytes));
        }
        Moved();
    }

    /// <summary>Asked before anything is written.</summary>
    public void Entry(string path, long bytes)
    {
        _written += bytes;
        if (bytes > options.MaxFileBytes)
        {
            throw Limit(
                $"The file {GitText.Shown(path)} has {GitText.Size(bytes)}, "
                + $"more than {GitText.Size(options.MaxFileBytes)}",
                nameof(options.MaxFileBytes));
        }
        if (_written > options.MaxWrittenBytes)
        {
            throw Limit(
                $"The files of the source are larger than {GitText.Size(options.MaxWrittenBytes)} together",
                nameof(options.MaxWrittenBytes));
        }
        if (++_files > options.MaxFiles)
            throw Limit($"The source has more than {options.MaxFiles} files and folders", nameof(options.MaxFiles));
        Moved();
    }

    private static BuildFailedException Limit(string sentence, string setting) => new(
        $"{sentence}, the limit here; take out what the build does not need, or ask the operator for more "
        + $"(Sources:{setting}).",
        FailureClass.Limit);
}
