using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Builds.Worker.Building;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Builds.Worker.Images;

/// <summary>A pull or a push by the daemon: what became of each layer goes to the log, and of the progress in between a
/// line every now and then. The daemon reports errors only here.</summary>
internal sealed class DaemonTransfer(BuildLogStream log, string step, TimeProvider clock) : IProgress<JSONMessage>
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(10);

    private static readonly string[] Ends = ["Pull complete", "Already exists", "Pushed", "Layer already exists",
        "Mounted from"];

    // Of lines alone, a few for each layer: progress comes on while the log is held up, for as long as the broker is
    // away.
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly HashSet<string> _waiting = []; // layers, for the daemon to try them again
    private string? _error;
    private long _shown = clock.GetTimestamp();

    /// <summary>The daemon itself has tried a layer again, which it does with growing pauses, five times at
    /// most.</summary>
    public bool HasTriedAgain { get; private set; }

    /// <summary>Of the manifest, after a push.</summary>
    public string? Digest { get; private set; }

    /// <returns>What the daemon says went wrong; null where nothing did.</returns>
    public async Task<string?> RunAsync(Func<IProgress<JSONMessage>, Task> call, CancellationToken cancel)
    {
        var running = CallAsync(call);
        await foreach (var line in _lines.Reader.ReadAllAsync(cancel))
            await log.LineAsync(step, line, cancel);

        await running;
        return _error;
    }

    public void Report(JSONMessage value)
    {
        if (Line(value, clock.GetElapsedTime(_shown) >= Pace) is not { } line)
            return;
        _shown = clock.GetTimestamp();
        _lines.Writer.TryWrite(line);
    }

    public static bool IsDenied(string error) =>
        Says(error, "unauthorized") || Says(error, "denied") || Says(error, "authentication required")
            || Says(error, "no basic auth credentials")
        || Says(error, "insufficient_scope") || Says(error, "403 Forbidden") || Says(error, "401 Unauthorized");

    public static bool IsFull(string error) => Says(error, "no space left");

    private static bool Says(string error, string words) => error.Contains(words, StringComparison.OrdinalIgnoreCase);

    private async Task CallAsync(Func<IProgress<JSONMessage>, Task> call)
    {
        try
        {
            await call(this);
        }
        catch (DockerApiException e)
        {
            _error = DaemonMessage.Said(e);
        }
        finally
        {
            _lines.Writer.Complete();
        }
    }

    private string? Line(JSONMessage message, bool isTime)
    {
        if (message.Error?.Message is { } error)
            _error = error;
        if (message.Aux?.ExtensionData is { } aux && aux.TryGetValue("Digest", out var digest)
            && digest is JsonElement text)
            Digest = text.GetString();
        if (message is not { ID: { } layer, Status: { } status })
            return null;
        if (status.StartsWith("Retrying in ", StringComparison.Ordinal))
        {
            HasTriedAgain = true;
            return _waiting.Add(layer) ? $"{layer}: {status}" : null; // it counts the seconds down
        }

        _waiting.Remove(layer);
        if (Ends.Any(end => status.StartsWith(end, StringComparison.Ordinal)))
            return $"{layer}: {status}";
        return isTime && message.Progress is { Current: > 0 } progress
            ? string.Create(CultureInfo.InvariantCulture,
                $"{layer}: {status} {progress.Current / 1e6:0} " +
                $"MB{(progress.Total > 0 ? $" of {progress.Total / 1e6:0} MB" : "")}")
            : null;
    }
}
