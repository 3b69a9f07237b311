using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Publishing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Queueing;

/// <summary>The one place where a build gets its outcome. All of it happens inside a write to the store.</summary>
public sealed class Endings(Outbox outbox, TimeProvider clock)
{
    private const string SelectProgress = """
        select build.phases as Phases, attempt.log_batches as LogBatches
          from build left join attempt on attempt.number = build.number and attempt.attempt = build.attempt
         where build.number = @Number
        """;

    /// <summary>The Gateway's own word, where no worker can answer.</summary>
    public void End(SqliteConnection db, QueuedBuild build, BuildOutcome outcome, FailureClass? @class, string? reason)
    {
        var asked = build.Asked;
        var progress = db.QuerySingle<Progress>(SelectProgress, build);
        Turns.Unsend(db, asked.BuildId);
        Store(db, build with { ClaimId = null }, new BuildCompleted
        {
            BuildId = asked.BuildId,
            Attempt = (int)build.Attempt,
            Outcome = outcome,
            Class = @class,
            Reason = reason,
            Image = asked.Image,
            Tags = asked.Tags,
            Source = asked.Source,
            BuildArgs = asked.BuildArgs,
            Target = asked.Target,
            Platform = asked.Platform,
            Labels = asked.Labels,
            NoCache = asked.NoCache,
            TimeoutSeconds = asked.TimeoutSeconds,
            Cause = asked.Cause,
            Pushed = [],
            Bases = [],
            Phases = progress.Phases is { } phases
                ? JsonSerializer.Deserialize<IReadOnlyList<BuildPhase>>(phases, BuildQueue.Json)!
                : [],
            LogBatches = (int)(progress.LogBatches ?? 0),
            CompletedAt = clock.GetUtcNow(),
        });
    }

    private const string Finish = """
        update build
           set state = @state, reason = @Reason, class = @class, claim_id = @ClaimId, finished_at = @now,
               commit_id = coalesce(@Commit, commit_id), digest = @Digest, phases = @phases, completed = @completed
         where number = @Number and state in ('accepted', 'queued', 'waiting', 'running')
        """;

    private const string EndAttempt = """
        update attempt set ended_at = coalesce(ended_at, @now), log_batches = coalesce(log_batches, @logBatches)
         where number = @Number and attempt = @Attempt
        """;

    private const string CloseTags = "delete from open_tag where number = @Number";

    /// <summary>Stores the outcome and leaves the message to the outbox.</summary>
    /// <param name="build">With the claim that it was concluded by, or without one.</param>
    /// <param name="grace">How long a worker has to publish the message itself.</param>
    public void Store(SqliteConnection db, QueuedBuild build, BuildCompleted completed, TimeSpan grace = default)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var stored = db.Execute(Finish, new
        {
            build.Number,
            build.ClaimId,
            state = BuildState.Of(completed.Outcome),
            completed.Reason,
            @class = completed.Class is { } c ? JsonNamingPolicy.CamelCase.ConvertName(c.ToString()) : null,
            now,
            completed.Source.Commit,
            completed.Digest,
            phases = JsonSerializer.Serialize(completed.Phases, BuildQueue.Json),
            completed = JsonSerializer.Serialize(completed, BuildQueue.Json),
        });
        if (stored == 0)
            throw new InvalidOperationException($"Build {build.Id} has its outcome and cannot get a second one.");

        int? logBatches = build.ClaimId is null ? null : completed.LogBatches; // only a worker knows how many there are
        db.Execute(EndAttempt, new { build.Number, completed.Attempt, logBatches, now });
        db.Execute(CloseTags, build);
        outbox.Add(db, completed, grace, AnnouncementOf(completed));
    }

    /// <summary>The name under which the message waits in the outbox until somebody has seen it on the bus.</summary>
    public static string AnnouncementOf(BuildCompleted completed) =>
        $"completed:{completed.BuildId}:{completed.Attempt}:{completed.Outcome}";

    private sealed record Progress
    {
        public string? Phases { get; init; }
        public long? LogBatches { get; init; }
    }
}
