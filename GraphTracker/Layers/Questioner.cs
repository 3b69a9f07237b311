using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// One question from when it is put to its registry until its answer is in the graph, or until it is written down when
/// it is put again.
/// </summary>
public sealed partial class Questioner(
    GraphStore store, Inquiry inquiry, DueQuestions questions, TimeProvider clock, ILogger<Questioner> logger)
{
    /// <returns>Why there is no answer; null where it is in the graph.</returns>
    internal async Task<Fault?> TryAskAsync(Question question, CancellationToken cancel)
    {
        try
        {
            await RecordAsync(question, await inquiry.AskAsync(question, cancel), cancel);
            return null;
        }
        catch (Exception e)
        {
            cancel.ThrowIfCancellationRequested();
            return new Fault(await KindOfAsync(question, e, cancel), e.Message)
            {
                RetryAfter = (e as RegistryUnavailableException)?.RetryAfter,
            };
        }
    }

    internal async Task PutOffAsync(Question question, Fault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.Unknown:
                Log.Unknown(logger, question.Registry, await questions.DropAsync(question.Registry));
                break;
            case FaultKind.Refused:
                await questions.PutOffForLongAsync(question, fault.Message, clock.GetUtcNow());
                break;
            case FaultKind.Away: // not its fault: after an hour without the registry a push is as fresh as before
                await questions.PutOffAsync(question, fault.Message, question.Turn, clock.GetUtcNow());
                break;
            default: // what a registry that is well fails at, as a manifest that its disk has lost, holds up no other
                await questions.PutOffAsync(question, fault.Message, Turns.Late, clock.GetUtcNow());
                break;
        }
    }

    private async Task<FaultKind> KindOfAsync(Question question, Exception error, CancellationToken cancel)
    {
        switch (error)
        {
            case UnknownRegistryException:
                return FaultKind.Unknown;
            case RegistryUnavailableException away when !await inquiry.IsOfTheQuestionAsync(question, away, cancel):
                return FaultKind.Away;
            case RegistryUnavailableException { IsRefusal: true }:
                return FaultKind.Refused;
            case RegistryUnavailableException or ManifestGoneException or ManifestBadException:
                return FaultKind.Passing;
            default:
                Log.Failed(logger, error, question.Name);
                return FaultKind.Passing;
        }
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

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{tag} is now {digest} (found by: {source})")]
        public static partial void Moved(ILogger logger, string tag, string digest, string source);

        [LoggerMessage(LogLevel.Warning, "{manifest} cannot be used, and nothing is concluded from it: {problem}")]
        public static partial void Bad(ILogger logger, string manifest, string problem);

        [LoggerMessage(LogLevel.Warning,
            "No setting knows the registry {registry}: {count} questions about its images are dropped. Name it under "
            + "Registries where its images should be known")]
        public static partial void Unknown(ILogger logger, string registry, int count);

        [LoggerMessage(LogLevel.Error, "What {name} is could not be found out or recorded; it is tried again")]
        public static partial void Failed(ILogger logger, Exception e, string name);
    }
}
