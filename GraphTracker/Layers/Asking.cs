using System.Threading.Channels;
using Builds.GraphTracker.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// Puts the questions that are due to their registries, several at a time, each tag and digest one after the other.
/// A registry that does not answer is left alone for a while, and no other waits for it. What is asked is on disk until
/// its answer is.
/// </summary>
public sealed partial class Asking(
    GraphStore store,
    Questioner questioner,
    DueQuestions questions,
    IOptions<LayersOptions> options,
    TimeProvider clock,
    ILogger<Asking> logger) : BackgroundService
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Dictionary<string, Lane> _lanes = []; // only the loop touches them

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        store.Committed += Wake;
        try
        {
            await questions.AskForWantedAsync(clock.GetUtcNow(), stoppingToken);
            while (!stoppingToken.IsCancellationRequested)
                await SleepAsync(TryStartDue(stoppingToken), stoppingToken);
        }
        finally
        {
            store.Committed -= Wake;
            await Task.WhenAll(_lanes.Values.SelectMany(lane => lane.Running()));
        }
    }

    private void Wake() => _wakes.Writer.TryWrite(true);

    private DateTimeOffset TryStartDue(CancellationToken cancel)
    {
        try
        {
            return StartDue(cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotStarted(logger, e);
            return clock.GetUtcNow() + options.Value.Pause(1);
        }
    }

    /// <returns>When something is due next, for all that is known now.</returns>
    private DateTimeOffset StartDue(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var next = now + LongestSleep;
        foreach (var registry in questions.Registries())
        {
            if (!_lanes.TryGetValue(registry, out var lane))
                _lanes[registry] = lane = new Lane(options.Value);
            var until = lane.Until > now ? lane.Until : questions.NextDue(registry, now);
            if (until < next)
                next = until;
            lane.Start(
                now,
                (turn, most) => questions.Due(registry, turn, now, most),
                question => AskAsync(lane, question, cancel));
        }

        return next;
    }

    private async Task SleepAsync(DateTimeOffset until, CancellationToken cancel)
    {
        using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pause = until - clock.GetUtcNow();
        var woken = _wakes.Reader.ReadAsync(awake.Token).AsTask();
        await Task.WhenAny(woken, Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, clock, awake.Token));
        await awake.CancelAsync();
    }

    private async Task AskAsync(Lane lane, Question question, CancellationToken cancel)
    {
        try
        {
            await SettleAsync(lane, question, await questioner.TryAskAsync(question, cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // asked again after the next start
        }
        catch (Exception e)
        {
            // A store that takes nothing: the question is due as before, and would be asked again at once.
            lane.Failed(clock.GetUtcNow(), null);
            Log.NotPutOff(logger, e, question.Name);
        }
        finally
        {
            lane.Ended(question);
            Wake();
        }
    }

    private async Task SettleAsync(Lane lane, Question question, Fault? fault)
    {
        if (fault is null)
        {
            lane.Answered();
            return;
        }

        if (fault is { Kind: FaultKind.Away })
        {
            var until = lane.Failed(clock.GetUtcNow(), fault.RetryAfter);
            Log.Unavailable(logger, question.Registry, question.Name, until, fault.Message);
        }

        await questioner.PutOffAsync(question, fault);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The questions that are due could not be read; it is tried again")]
        public static partial void NotStarted(ILogger logger, Exception e);

        [LoggerMessage(LogLevel.Warning,
            "The registry {registry} did not answer what {name} is; it is asked again from {until:u} ({why})")]
        public static partial void Unavailable(
            ILogger logger, string registry, string name, DateTimeOffset until, string why);

        [LoggerMessage(LogLevel.Error, "That {name} is to be asked again could not be written down; it is tried again")]
        public static partial void NotPutOff(ILogger logger, Exception e, string name);
    }
}
