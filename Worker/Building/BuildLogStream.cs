using System.Text;
using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>
/// What a build prints, on its way out: cut into lines, cleaned, secrets masked, batched. Waits for whoever is behind
/// instead of growing; a line that cannot be delivered never fails a build.
/// </summary>
public sealed class BuildLogStream : IAsyncDisposable
{
    private const int Portion = 16 * 1024; // so that no batch is much larger than it should be

    private readonly Guid _buildId;
    private readonly int _attempt;
    private readonly BuildLogOptions _options;
    private readonly SecretMask _mask;
    private readonly TimeProvider _clock;
    private readonly BuildLogDelivery _delivery;

    private readonly Dictionary<string, StepOutput> _steps = [];
    private readonly List<string> _lines = [];
    private readonly BuildLogBatch _batch = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _sealed = new();
    private readonly Task _ageing;

    private long _total;
    private long _leftOut;
    private long _lastOutput;

    /// <param name="publish">Returns once the broker has the batch, or throws; it is called again then.</param>
    public BuildLogStream(
        Guid buildId, int attempt, BuildLogOptions options, IEnumerable<string> secrets,
        Func<BuildLog, CancellationToken, Task> publish, TimeProvider clock, ILogger logger)
    {
        (_buildId, _attempt, _options, _clock) = (buildId, attempt, options, clock);
        _mask = new SecretMask(secrets);
        _lastOutput = clock.GetTimestamp();
        _delivery = new BuildLogDelivery(publish, clock, logger);
        _ageing = SealOldAsync();
    }

    /// <summary>Batches made so far.</summary>
    public int Batches { get; private set; }

    /// <summary>How long nothing has been printed; zero while a build is held back.</summary>
    public TimeSpan Silence =>
        _turn.CurrentCount == 0 ? TimeSpan.Zero : _clock.GetElapsedTime(Volatile.Read(ref _lastOutput));

    /// <summary>A text that does not go into the log, cleaned like one that does.</summary>
    public string Mask(string text)
    {
        var lines = new List<string>();
        var output = new StepOutput(_mask, _options.LongestLine);
        output.Add(Encoding.UTF8.GetBytes(text), lines);
        output.Finish(lines);
        return string.Join('\n', lines);
    }

    /// <summary>
    /// Output as it comes, UTF-8, cut anywhere; the rest of a line waits for the next piece of the same step.
    /// </summary>
    public async ValueTask WriteAsync(string step, ReadOnlyMemory<byte> output, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            Volatile.Write(ref _lastOutput, _clock.GetTimestamp());
            if (_total >= _options.MostBytes)
            {
                _leftOut += output.Length;
                return;
            }

            _total += output.Length;
            for (; output.Length > 0; output = output[Math.Min(output.Length, Portion)..])
            {
                OutputOf(step).Add(output.Span[..Math.Min(output.Length, Portion)], _lines);
                await KeepAsync(step, cancel);
            }

            if (_total >= _options.MostBytes)
                await KeepAsync("log", $"The log is at its limit of {_options.MostBytes} bytes; later output is left out.", cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// A whole line of our own, without its line end. What the step had not ended yet is ended before it.
    /// </summary>
    public async ValueTask LineAsync(string step, string line, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            Volatile.Write(ref _lastOutput, _clock.GetTimestamp());
            await FinishAsync(step, cancel);
            var own = new StepOutput(_mask, _options.LongestLine);
            own.Add(Encoding.UTF8.GetBytes(line), _lines);
            own.Finish(_lines);
            await KeepAsync(step, cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Ends every line and makes the last batch: <see cref="Batches"/> is final. Nothing may be written afterwards.
    /// </summary>
    public async Task SealAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            foreach (var step in _steps.Keys.ToList())
                await FinishAsync(step, cancel);
            if (_leftOut > 0)
                await KeepAsync("log", $"{_leftOut} bytes of output were left out.", cancel);
            await SealBatchAsync(cancel);
            _delivery.Complete();
        }
        finally
        {
            _turn.Release();
        }

        await _sealed.CancelAsync();
    }

    /// <summary>Waits for the broker to have everything, but not for ever.</summary>
    public async ValueTask DisposeAsync()
    {
        await _sealed.CancelAsync();
        await _ageing;
        await _delivery.DisposeAsync();
        _sealed.Dispose();
        _turn.Dispose();
    }

    private StepOutput OutputOf(string step)
    {
        if (!_steps.TryGetValue(step, out var output))
            _steps[step] = output = new StepOutput(_mask, _options.LongestLine);
        return output;
    }

    private async ValueTask FinishAsync(string step, CancellationToken cancel)
    {
        if (!_steps.Remove(step, out var output))
            return;
        output.Finish(_lines);
        await KeepAsync(step, cancel);
    }

    private ValueTask KeepAsync(string step, string line, CancellationToken cancel)
    {
        _lines.Add(line);
        return KeepAsync(step, cancel);
    }

    private async ValueTask KeepAsync(string step, CancellationToken cancel)
    {
        if (_lines.Count == 0)
            return;

        _batch.Add(step, _lines, _clock.GetUtcNow());
        _lines.Clear();
        if (_batch.IsFull)
            await SealBatchAsync(cancel);
    }

    private async ValueTask SealBatchAsync(CancellationToken cancel)
    {
        if (_batch.Runs() is not { Count: > 0 } runs)
            return;

        var batch = new BuildLog { BuildId = _buildId, Attempt = _attempt, Sequence = Batches, Runs = runs };
        await _delivery.AddAsync(batch, cancel); // a full channel is what holds the build back
        _batch.Clear();
        Batches++;
    }

    private async Task SealOldAsync()
    {
        using var timer = new PeriodicTimer(BuildLogBatch.Age, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_sealed.Token))
            {
                await _turn.WaitAsync(_sealed.Token);
                try
                {
                    await SealBatchAsync(_sealed.Token);
                }
                finally
                {
                    _turn.Release();
                }
            }
        }
        catch (OperationCanceledException) when (_sealed.IsCancellationRequested)
        {
            return; // the last batch has been made
        }
    }
}
