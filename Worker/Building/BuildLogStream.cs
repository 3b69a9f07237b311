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

    private readonly BuildLogOptions _options;
    private readonly SecretMask _mask;
    private readonly TimeProvider _clock;
    private readonly BuildLogDelivery _delivery;
    private readonly BuildLogBatches _batches;

    private readonly Dictionary<(string Step, long Stream), StepOutput> _outputs = [];
    private readonly List<string> _lines = [];
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
        (_options, _clock) = (options, clock);
        _mask = new SecretMask(secrets);
        _lastOutput = clock.GetTimestamp();
        _delivery = new BuildLogDelivery(publish, clock, logger);
        _batches = new BuildLogBatches(buildId, attempt, _delivery, clock);
        _ageing = SealOldAsync();
    }

    /// <summary>Batches made so far.</summary>
    public int Batches => _batches.Count;

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
    public ValueTask WriteAsync(string step, ReadOnlyMemory<byte> output, CancellationToken cancel) =>
        WriteAsync(step, 0, output, cancel);

    /// <param name="stream">Of a step that has several: what one prints ends no line of another.</param>
    public async ValueTask WriteAsync(
        string step, long stream, ReadOnlyMemory<byte> output, CancellationToken cancel)
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
                OutputOf(step, stream).Add(output.Span[..Math.Min(output.Length, Portion)], _lines);
                await _batches.AddAsync(step, _lines, cancel);
            }

            if (_total >= _options.MostBytes)
                await SayAsync(
                    $"The log is at its limit of {_options.MostBytes} bytes; later output is left out.", cancel);
        }
        finally
        {
            Volatile.Write(ref _lastOutput, _clock.GetTimestamp()); // it may have been held back for long
            _turn.Release();
        }
    }

    /// <summary>
    /// A whole line of our own, without its line end. What the step had not ended yet is ended before it, but a secret
    /// is found also when it goes on behind it.
    /// </summary>
    public async ValueTask LineAsync(string step, string line, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            Volatile.Write(ref _lastOutput, _clock.GetTimestamp());
            foreach (var ((other, _), output) in _outputs)
                if (other == step)
                    output.Break(_lines);
            var own = new StepOutput(_mask, _options.LongestLine);
            own.Add(Encoding.UTF8.GetBytes(line), _lines);
            own.Finish(_lines);
            await _batches.AddAsync(step, _lines, cancel);
        }
        finally
        {
            Volatile.Write(ref _lastOutput, _clock.GetTimestamp());
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
            foreach (var ((step, _), output) in _outputs)
            {
                output.Finish(_lines);
                await _batches.AddAsync(step, _lines, cancel);
            }

            _outputs.Clear();
            if (_leftOut > 0)
                await SayAsync($"{_leftOut} bytes of output were left out.", cancel);
            await _batches.SealAsync(cancel);
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

    private StepOutput OutputOf(string step, long stream)
    {
        if (!_outputs.TryGetValue((step, stream), out var output))
            _outputs[(step, stream)] = output = new StepOutput(_mask, _options.LongestLine);
        return output;
    }

    private ValueTask SayAsync(string line, CancellationToken cancel)
    {
        _lines.Add(line);
        return _batches.AddAsync("log", _lines, cancel);
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
                    await _batches.SealAsync(_sealed.Token);
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
