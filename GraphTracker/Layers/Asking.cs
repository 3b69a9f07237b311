using System.Threading.Channels;
using Builds.GraphTracker.Registries;
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
    Inquiry inquiry,
    DueQuestions questions,
    IOptions<LayersOptions> options,
    TimeProvider clock,
    ILogger<Asking> logger) : BackgroundService
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Dictionary<string, Lane> _lanes = []; // only this class's loop and its lock touch them
    private readonly Lock _lock = new();

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
            await Task.WhenAll(Running());
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
            lock (_lock)
            {
                var lane = _lanes.TryGetValue(registry, out var known) ? known : _lanes[registry] = new Lane();
                var until = lane.Until > now ? lane.Until : questions.NextDue(registry, now);
                if (until < next)
                    next = until;
                if (lane.Until > now)
                    continue;

                foreach (var question in lane.Choose(options.Value, (turn, most) => questions.Due(registry, turn, now, most)))
                    lane.Running[question.Key] = (
                        Task.Run(() => AskAsync(lane, question, cancel), CancellationToken.None), (int)question.Turn);
            }
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
            var answer = await inquiry.AskAsync(question, cancel);
            await RecordAsync(question, answer, cancel);
            lock (_lock)
                lane.Answered();
        }
        catch (Exception e)
        {
            await TryLeaveAsync(lane, question, e, cancel);
        }
        finally
        {
            lock (_lock)
                lane.Running.Remove(question.Key);
            Wake();
        }
    }

    private async Task TryLeaveAsync(Lane lane, Question question, Exception error, CancellationToken cancel)
    {
        try
        {
            cancel.ThrowIfCancellationRequested();
            await LeaveAsync(lane, question, error, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return; // asked again after the next start
        }
        catch (Exception e)
        {
            // A store that takes nothing: the question is due as before, and would be asked again at once.
            lock (_lock)
                lane.Failed(clock.GetUtcNow(), options.Value, null);
            Log.Failed(logger, e, question.Name);
        }
    }

    private async Task LeaveAsync(Lane lane, Question question, Exception error, CancellationToken cancel)
    {
        switch (error)
        {
            case UnknownRegistryException:
                Log.Unknown(logger, question.Registry, await questions.DropAsync(question.Registry, cancel));
                return;
            case RegistryUnavailableException away when !await inquiry.IsOfTheQuestionAsync(question, away, cancel):
                lock (_lock)
                    lane.Failed(clock.GetUtcNow(), options.Value, away.RetryAfter);
                Log.Unavailable(logger, question.Registry, question.Name, lane.Until, away.Message);
                // Not its fault: after an hour without the registry a push is as fresh as before.
                await questions.PutOffAsync(question, error.Message, question.Turn, clock.GetUtcNow());
                return;
            case RegistryUnavailableException { IsRefusal: true }:
                await questions.PutOffForLongAsync(question, error.Message, clock.GetUtcNow());
                return;
            case not (RegistryUnavailableException or ManifestGoneException or ManifestBadException):
                Log.Failed(logger, error, question.Name);
                break;
        }

        // What a registry fails at while it is well, as a manifest that its disk has lost, holds up no other.
        await questions.PutOffAsync(question, error.Message, Turns.Late, clock.GetUtcNow());
    }

    private async Task RecordAsync(Question question, Answer answer, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var moved = await store.WriteAsync(
            db => Recording.Run(db, now, recording => Answers.Record(recording, question, answer)), cancel);
        if (moved)
            Log.Moved(logger, question.Name, answer.Digest ?? "nothing: it is gone", question.Source);
        foreach (var bad in answer.Found.Where(found => found.Bad is not null))
            Log.Bad(logger, $"{question.Registry}/{question.Repository}@{bad.Digest}", bad.Bad!);
        if (answer.Found is [{ Gone: { } gone } lost, ..]) // that the past has gone is usual
            Log.Bad(logger, $"{question.Registry}/{question.Repository}@{lost.Digest}", gone);
    }

    private List<Task> Running()
    {
        lock (_lock)
            return [.. _lanes.Values.SelectMany(lane => lane.Running.Values).Select(one => one.Task)];
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The questions that are due could not be read; it is tried again")]
        public static partial void NotStarted(ILogger logger, Exception e);

        [LoggerMessage(LogLevel.Information, "{tag} is now {digest} (found by: {source})")]
        public static partial void Moved(ILogger logger, string tag, string digest, string source);

        [LoggerMessage(LogLevel.Warning, "{manifest} cannot be used, and nothing is concluded from it: {problem}")]
        public static partial void Bad(ILogger logger, string manifest, string problem);

        [LoggerMessage(LogLevel.Warning,
            "The registry {registry} did not answer what {name} is; it is asked again from {until:u} ({why})")]
        public static partial void Unavailable(
            ILogger logger, string registry, string name, DateTimeOffset until, string why);

        [LoggerMessage(LogLevel.Warning,
            "No setting knows the registry {registry}: {count} questions about its images are dropped. Name it under "
            + "Registries where its images should be known")]
        public static partial void Unknown(ILogger logger, string registry, int count);

        [LoggerMessage(LogLevel.Error, "What {name} is could not be found out or recorded; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e, string name);
    }
}
