using Builds.Contracts;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Queueing;

/// <summary>Asks for a finished build once more, under an id of its own.</summary>
public sealed class Retrying(BuildQueue queue, RequestRules rules, TimeProvider clock)
{
    /// <summary>Inside a write to the store.</summary>
    /// <returns>Null where there is no such build.</returns>
    public RetryResult? Retry(SqliteConnection db, Guid id, string by)
    {
        if (QueuedBuild.Find(db, id) is not { } build)
            return null;
        if (!build.IsFinished)
            return new RetryResult(null, $"It has not ended ({build.State}); wait for its end, or cancel it first.");

        var before = build.Asked;
        var request = before with
        {
            BuildId = Guid.NewGuid(),
            RequestedAt = clock.GetUtcNow(),
            Replaces = null, // who asks once more wants it whatever is there
            Cause = (before.Cause ?? new BuildCause { Kind = BuildCauseKind.Retry }) with
            {
                Kind = BuildCauseKind.Retry,
                Actor = by,
            },
        };
        if (rules.Problem(request) is { } problem)
            return new RetryResult(null, $"It would be refused again: {problem}");

        queue.Accept(db, request, fromBus: false);
        return new RetryResult(request, null);
    }
}

/// <param name="Request">Of the new build; null where it was refused.</param>
/// <param name="Reason">Why it was refused.</param>
public sealed record RetryResult(BuildRequested? Request, string? Reason);
