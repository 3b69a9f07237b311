using Builds.Contracts;
using Builds.Gateway.Publishing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Queueing;

/// <summary>Somebody wants a build to end.</summary>
public sealed class Cancellation(Turns turns, Outbox outbox, TimeProvider clock)
{
    private const string AskWorker = """
        update build set cancelled_by = coalesce(cancelled_by, @by) where number = @Number and state = 'running'
        """;

    /// <summary>
    /// Inside a write to the store. What has not started ends at once. A worker is told by message and, should that be
    /// lost, at its next renewal; it may still be too late, and the build succeed.
    /// </summary>
    /// <returns>Null where there is no such build.</returns>
    public CancelResult? Cancel(SqliteConnection db, Guid id, string by)
    {
        if (QueuedBuild.Find(db, id) is not { } build)
            return null;

        if (build.IsFinished)
            return new CancelResult(
                false, build.State, $"It has ended already ({build.State}); there is nothing to cancel.");

        if (build.State != BuildState.Running)
        {
            turns.End(db, build, BuildOutcome.Cancelled, null, $"Cancelled by {by} before it started.");
            return new CancelResult(true, BuildState.Of(BuildOutcome.Cancelled), null);
        }

        if (build.CancelledBy is null)
        {
            db.Execute(AskWorker, new { build.Number, by });
            outbox.Add(db, new BuildCancelRequested { BuildId = id, By = by, At = clock.GetUtcNow() });
        }

        return new CancelResult(true, BuildState.Running, $"{build.Worker} has been asked to end it.");
    }
}

/// <param name="Done">False where it was too late.</param>
/// <param name="State">Of the build after this.</param>
public sealed record CancelResult(bool Done, string State, string? Reason);
