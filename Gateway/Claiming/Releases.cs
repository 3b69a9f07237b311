using Builds.Contracts;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Claiming;

/// <summary>
/// An attempt that ends without an outcome: given back by its worker, or dead. The build is sent again, unless the
/// service has lost too many attempts or somebody has cancelled it. Each method is part of one write to the store.
/// </summary>
public sealed class Releases(Turns turns, Liveness liveness, IOptions<ClaimOptions> options, TimeProvider clock)
{
    public ClaimRelease Release(SqliteConnection db, ReleaseClaim ask)
    {
        if (QueuedBuild.Find(db, ask.BuildId) is not { } build || build.Attempt != ask.Attempt || build.IsFinished)
            return new ClaimRelease { Granted = false };

        // Asked again, or given up just before: either way nobody has it.
        if (build.State == BuildState.Running)
        {
            var lost = ask.Class is not null;
            var pause = lost ? options.Value.PauseAfter(build.Lost + 1) : TimeSpan.Zero;
            GiveBack(db, build, ask.Reason, lost, pause, ask.LogBatches);
        }

        return new ClaimRelease { Granted = true };
    }

    private const string SelectRunning =
        $"select {QueuedBuild.Columns} from build where state = 'running' order by number";

    /// <returns>What was given up.</returns>
    public IReadOnlyList<QueuedBuild> GiveUpDead(SqliteConnection db)
    {
        var limit = options.Value.RenewalLimit;
        var running = db.Query<QueuedBuild>(SelectRunning).AsList();
        var dead = running.Where(build => liveness.IsDead(build.Id, build.Attempt, limit)).ToList();
        foreach (var build in dead)
        {
            var reason = $"{build.Worker} did not renew its claim for {limit.TotalSeconds:0} s.";
            GiveBack(db, build, reason, counts: true, TimeSpan.Zero, logBatches: null);
        }

        liveness.Keep(running.Except(dead).Select(build => (build.Id, build.Attempt)).ToHashSet());
        return dead;
    }

    private const string EndAttempt = """
        update attempt set ended_at = @now, reason = @reason, log_batches = @logBatches
         where number = @Number and attempt = @Attempt
        """;

    private const string BackToQueue = """
        update build
           set state = 'queued', lost = @lost, reason = @reason, claim_id = null, worker = null, machine = null
         where number = @Number and attempt = @Attempt and state = 'running'
        """;

    private void GiveBack(
        SqliteConnection db, QueuedBuild build, string reason, bool counts, TimeSpan pause, int? logBatches)
    {
        var lost = build.Lost + (counts ? 1 : 0);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        db.Execute(EndAttempt, new { build.Number, build.Attempt, now, reason, logBatches });

        if (build.CancelledBy is { } by)
        {
            turns.End(db, build, BuildOutcome.Cancelled, null, $"Cancelled by {by}.");
        }
        else if (lost >= options.Value.LostLimit)
        {
            var last = $"{lost} attempts were lost; the last: {reason}";
            turns.End(db, build, BuildOutcome.Errored, FailureClass.Service, last);
        }
        else
        {
            db.Execute(BackToQueue, new { build.Number, build.Attempt, lost, reason = Again(build, reason) });
            turns.Send(db, build.Asked, pause);
            turns.Pass(db, build.Registry, build.Repository); // one that was requested earlier may have come meanwhile
        }
    }

    private static string Again(QueuedBuild build, string reason) =>
        $"Attempt {build.Attempt} ended without an outcome and the build is sent again: {reason}";
}
