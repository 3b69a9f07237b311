using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>
/// The lines of one attempt on their way into numbered batches and to the broker. One caller at a time.
/// </summary>
internal sealed class BuildLogBatches(Guid buildId, int attempt, BuildLogDelivery delivery, TimeProvider clock)
{
    private readonly BuildLogBatch _batch = new();

    /// <summary>Batches made so far.</summary>
    public int Count { get; private set; }

    /// <summary>Takes the lines, and leaves the list empty.</summary>
    public async ValueTask AddAsync(string step, List<string> lines, CancellationToken cancel)
    {
        if (lines.Count == 0)
            return;

        _batch.Add(step, lines, clock.GetUtcNow());
        lines.Clear();
        if (_batch.IsFull)
            await SealAsync(cancel);
    }

    public async ValueTask SealAsync(CancellationToken cancel)
    {
        if (_batch.Runs() is not { Count: > 0 } runs)
            return;

        var batch = new BuildLog { BuildId = buildId, Attempt = attempt, Sequence = Count, Runs = runs };
        await delivery.AddAsync(batch, cancel); // a full channel is what holds the build back
        _batch.Clear();
        Count++;
    }
}
