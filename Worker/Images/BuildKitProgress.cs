using System.Globalization;
using Builds.Worker.Building;
using Builds.Worker.Images.BuildKit;
using Google.Protobuf.WellKnownTypes;

namespace Builds.Worker.Images;

/// <summary>Shows what BuildKit reports, as docker's plain progress does: numbered steps, each with its output, and how
/// it ended. Output passes as bytes and is never kept.</summary>
internal sealed class BuildKitProgress(BuildLogStream log)
{
    private readonly Dictionary<string, Step> _steps = new(StringComparer.Ordinal);
    private readonly HashSet<(string, string)> _done = [];

    /// <summary>The step that failed, and with what.</summary>
    public (string Step, string Error)? Failed { get; private set; }

    /// <summary>Steps whose output the daemon cut.</summary>
    public IReadOnlyCollection<string> Clipped => _clipped;

    private readonly SortedSet<string> _clipped = new(StringComparer.Ordinal);

    /// <param name="pace">Is told of each portion of output as soon as the log has it, so that the RUN goes on printing
    /// while the rest is taken in.</param>
    public async ValueTask ShowAsync(StatusResponse status, Pace? pace, CancellationToken cancel)
    {
        foreach (var vertex in status.Vertexes)
            await BeginAsync(vertex, cancel);
        foreach (var item in status.Statuses)
            await ShowAsync(item, cancel);
        foreach (var warning in status.Warnings)
            await WarnAsync(warning, cancel);
        foreach (var output in status.Logs)
        {
            await ShowAsync(output, cancel);
            pace?.Arrived();
        }

        foreach (var vertex in status.Vertexes)
            await EndAsync(vertex, cancel);
    }

    private async ValueTask BeginAsync(Vertex vertex, CancellationToken cancel)
    {
        if (vertex.Started is null && !vertex.Cached || _steps.ContainsKey(vertex.Digest))
            return;

        var step = new Step(_steps.Count + 1, StepName.Of(_steps.Count + 1, vertex.Name));
        _steps[vertex.Digest] = step;
        await log.LineAsync(step.Name, step.Name, cancel);
    }

    private async ValueTask ShowAsync(VertexStatus item, CancellationToken cancel)
    {
        if (item.Completed is null || !_steps.TryGetValue(item.Vertex, out var step)
            || !_done.Add((item.Vertex, item.Id)))
            return;
        var size = item.Total > 0 ? string.Create(CultureInfo.InvariantCulture, $" {item.Total / 1e6:0.00} MB") : "";
        await step.LineAsync(log, $"{StepName.Clean(item.Id)}{size} {Seconds(item.Started, item.Completed)} done",
            cancel);
    }

    private async ValueTask WarnAsync(VertexWarning warning, CancellationToken cancel)
    {
        if (_steps.TryGetValue(warning.Vertex, out var step))
            await step.LineAsync(log, $"WARN: {warning.Short.ToStringUtf8()} {warning.Url}".TrimEnd(), cancel);
    }

    private async ValueTask ShowAsync(VertexLog output, CancellationToken cancel)
    {
        if (!_steps.TryGetValue(output.Vertex, out var step) || output.Message.IsEmpty)
            return;
        if (output.Message.Span.IndexOf("[output clipped, log limit "u8) >= 0)
            _clipped.Add(step.Name);
        step.HasNews = true;
        await log.WriteAsync(step.Name, output.Stream, output.Message.Memory, cancel);
    }

    /// <summary>A step may begin again after it ended; it is said again only where something was printed
    /// since.</summary>
    private async ValueTask EndAsync(Vertex vertex, CancellationToken cancel)
    {
        if (vertex.Completed is null || !_steps.TryGetValue(vertex.Digest, out var step))
            return;

        if (vertex.Error.Length > 0)
        {
            var isCancelled = vertex.Error.EndsWith("context canceled", StringComparison.Ordinal);
            if (!isCancelled)
                Failed ??= (step.Name, vertex.Error);
            await step.LineAsync(log, isCancelled ? "CANCELED" : $"ERROR: {vertex.Error}", cancel);
            step.HasNews = false;
        }
        else if (step.HasNews)
        {
            await step.LineAsync(log, vertex.Cached ? "CACHED" : $"DONE {Seconds(vertex.Started, vertex.Completed)}",
                cancel);
            step.HasNews = false;
        }
    }

    private static string Seconds(Timestamp? from, Timestamp to) =>
        string.Create(CultureInfo.InvariantCulture, $"{(to - (from ?? to)).ToTimeSpan().TotalSeconds:0.0}s");

    private sealed class Step(int number, string name)
    {
        public string Name => name;

        public bool HasNews { get; set; } = true;

        public ValueTask LineAsync(BuildLogStream log, string line, CancellationToken cancel) =>
            log.LineAsync(name, $"#{number} {line}", cancel);
    }
}

internal static class StepName
{
    private const int Longest = 200;

    public static string Of(int number, string name) => $"#{number} {Clean(name)}";

    /// <summary>One line, not endless: a RUN may be a whole script.</summary>
    public static string Clean(string text)
    {
        var end = Math.Min(text.Length, Longest);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
            end--;
        var line = string.Create(end, text, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) ? ' ' : source[i];
        });
        return end < text.Length ? line + "…" : line;
    }
}
