using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Following;

/// <summary>
/// What a follower must know of a build: its attempts, how many batches each has sent, and how it ended.
/// </summary>
public sealed record FollowedBuild(BuildRow Row, IReadOnlyList<FollowedBuild.Try> Attempts)
{
    /// <param name="LogBatches">Null while it runs, and where its worker died.</param>
    /// <param name="Reason">Why it was given back or counted as lost.</param>
    public sealed record Try(long Attempt, string Worker, long? LogBatches, string? Reason);

    private const string SelectAttempts = """
        select attempt as Attempt, worker as Worker, log_batches as LogBatches, reason as Reason from attempt
         where number = @Number order by attempt
        """;

    public static FollowedBuild? Find(SqliteConnection db, Guid id) => BuildRow.Find(db, id) is { } row
        ? new FollowedBuild(row, db.Query<Try>(SelectAttempts, new { row.Number }).AsList())
        : null;

    public Try? Find(long attempt) => Attempts.FirstOrDefault(one => one.Attempt == attempt);

    /// <returns>How many batches there must be in all; null where nobody knows.</returns>
    public long? BatchesOf(long attempt) =>
        Outcome is { } outcome && outcome.Attempt == attempt ? outcome.LogBatches : Find(attempt)?.LogBatches;

    public long? AttemptAfter(long attempt) =>
        Attempts.FirstOrDefault(one => one.Attempt > attempt)?.Attempt is { } next ? next
        : Row.Attempt > attempt ? Row.Attempt
        : null;

    private BuildCompleted? Outcome => Row.Completed is { } json
        ? JsonSerializer.Deserialize<BuildCompleted>(json, BuildQueue.Json)
        : null;

    /// <summary>The last line: outcome and digest, or outcome, class and reason.</summary>
    public string LastLine => Row switch
    {
        { Digest: { } digest } => $"{Row.State} {digest}",
        { Class: { } @class } => $"{Row.State} ({@class}): {Row.Reason}",
        { Reason: { } reason } => $"{Row.State}: {reason}",
        _ => Row.State,
    };
}
