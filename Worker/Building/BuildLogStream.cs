using System.Text;
using System.Threading.Channels;
using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>
/// What a build prints, on its way out: cut into lines, cleaned, secrets masked, batched. Waits for whoever is behind
/// instead of growing; a line that cannot be delivered never fails a build.
/// </summary>
/// <param name="publish">Returns once the broker has the batch, or throws; it is called again then.</param>
public sealed partial class BuildLogStream : IAsyncDisposable
{
    private const int BatchBytes = 64 * 1024;
    private const int Portion = 16 * 1024; // so that no batch is much larger than it should be
    private const int InFlight = 8;
    private const int Waiting = 32; // batches in memory while the broker is behind, 2 MiB
    private static readonly TimeSpan BatchAge = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(30);

    private readonly Guid _buildId;
    private readonly int _attempt;
    private readonly BuildLogOptions _options;
    private readonly SecretMask _mask;
    private readonly Func<BuildLog, CancellationToken, Task> _publish;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    private readonly Dictionary<string, StepOutput> _steps = [];
    private readonly List<string> _lines = [];
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _abandoned = new();
    private readonly CancellationTokenSource _sealed = new();
    private readonly Channel<BuildLog> _batches = Channel.CreateBounded<BuildLog>(Waiting);
    private readonly Task _delivery;
    private readonly Task _ageing;

    private List<LogRun> _runs = [];
    private List<string> _text = [];
    private string _step = "";
    private DateTimeOffset _at;
    private int _bytes;
    private long _total;
    private long _leftOut;
    private long _lastOutput;

    public BuildLogStream(
        Guid buildId, int attempt, BuildLogOptions options, IEnumerable<string> secrets,
        Func<BuildLog, CancellationToken, Task> publish, TimeProvider clock, ILogger logger)
    {
        (_buildId, _attempt, _options, _publish, _clock, _logger) = (buildId, attempt, options, publish, clock, logger);
        _mask = new SecretMask(secrets);
        _lastOutput = clock.GetTimestamp();
        _delivery = Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => DeliverAsync()));
        _ageing = SealOldAsync();
    }

    /// <summary>Batches made so far.</summary>
    public int Batches { get; private set; }

    /// <summary>How long nothing has been printed.</summary>
    public TimeSpan Silence => _clock.GetElapsedTime(Volatile.Read(ref _lastOutput));

    /// <summary>Output as it comes, UTF-8, cut anywhere; the rest of a line waits for the next piece of the same step.</summary>
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
                await KeepAsync("log", $"The log has reached its limit of {_options.MostBytes} bytes; later output is left out.", cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A whole line of our own, without its line end. What the step had not ended yet is ended before it.</summary>
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

    /// <summary>Ends every line and makes the last batch: <see cref="Batches"/> is final. Nothing may be written afterwards.</summary>
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
            _batches.Writer.TryComplete();
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
        _batches.Writer.TryComplete();
        await _sealed.CancelAsync();
        _abandoned.CancelAfter(Farewell);
        await _ageing;
        await _delivery;
        _abandoned.Dispose();
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

    // Lines that share a step and a quarter of a second are one run.
    private async ValueTask KeepAsync(string step, CancellationToken cancel)
    {
        if (_lines.Count == 0)
            return;

        var now = _clock.GetUtcNow();
        if (step != _step || now - _at > BatchAge)
        {
            EndRun();
            (_step, _at) = (step, now);
        }

        _text.AddRange(_lines);
        _bytes += _lines.Sum(line => line.Length + 3);
        _lines.Clear();
        if (_bytes >= BatchBytes)
            await SealBatchAsync(cancel);
    }

    private void EndRun()
    {
        if (_text.Count == 0)
            return;
        _runs.Add(new LogRun { Step = _step, At = _at, Text = _text });
        _text = [];
    }

    private async ValueTask SealBatchAsync(CancellationToken cancel)
    {
        EndRun();
        if (_runs.Count == 0)
            return;

        var batch = new BuildLog { BuildId = _buildId, Attempt = _attempt, Sequence = Batches, Runs = _runs };
        await _batches.Writer.WriteAsync(batch, cancel); // a full channel is what holds the build back
        (_runs, _bytes) = ([], 0);
        Batches++;
    }

    private async Task SealOldAsync()
    {
        using var timer = new PeriodicTimer(BatchAge, _clock);
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

    private async Task DeliverAsync()
    {
        await foreach (var batch in _batches.Reader.ReadAllAsync(CancellationToken.None))
        {
            while (!_abandoned.IsCancellationRequested && !await DeliveredAsync(batch))
                await Task.Delay(BatchAge, _clock, CancellationToken.None);
            if (_abandoned.IsCancellationRequested)
                Log.BatchLost(_logger, _buildId, _attempt, batch.Sequence);
        }
    }

    private async Task<bool> DeliveredAsync(BuildLog batch)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_abandoned.Token);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            await _publish(batch, limit.Token);
            return true;
        }
        catch (Exception e)
        {
            Log.BatchDelayed(_logger, _buildId, _attempt, batch.Sequence, e);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Build {build} attempt {attempt}: log batch {sequence} is not delivered yet")]
        public static partial void BatchDelayed(ILogger logger, Guid build, int attempt, int sequence, Exception e);

        [LoggerMessage(LogLevel.Error, "Build {build} attempt {attempt}: log batch {sequence} was given up")]
        public static partial void BatchLost(ILogger logger, Guid build, int attempt, int sequence);
    }
}
