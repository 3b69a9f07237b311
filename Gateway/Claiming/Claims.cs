using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Claiming;

/// <summary>
/// Who may build. Each method is one write to the store that compares and sets: of two workers with the same message
/// one gets it, and a worker whose claim has passed to another is told so. Releases and conclusions are beside this.
/// </summary>
public sealed class Claims(
    BuildQueue queue, Turns turns, CredentialRelease credentials, Liveness liveness, TimeProvider clock)
{
    /// <param name="problem">What is wrong with a request that is not known yet, as far as its rules do not
    /// say.</param>
    public BuildClaim Claim(SqliteConnection db, ClaimBuild ask, string? problem = null)
    {
        // A message may reach a worker before its copy reaches the Gateway.
        var build = queue.Receive(db, ask.Request, problem);
        var asked = build.Asked;

        if (build.IsFinished)
            return Refused(asked, $"Build {build.Id} has ended already ({build.State}). {build.Reason}");
        if (!Likeness.IsSameBuild(asked, queue.WithRegistry(ask.Request)))
            return Refused(
                asked, $"Another request came first under the id {build.Id}; send this one under an id of its own.");
        if (build.State == BuildState.Running)
            return build.ClaimId == ask.ClaimId.ToString()
                ? Granted(db, build, asked)
                : Refused(asked, $"Build {build.Id} is being built by {build.Worker}, attempt {build.Attempt}.");
        if (WasGranted(db, ask.ClaimId))
            return Refused(asked, $"This claim to build {build.Id} has ended; the build is sent again.");
        if (turns.Take(db, build) is { } reason)
            return new BuildClaim
            {
                BuildId = asked.BuildId,
                Verdict = QueuedBuild.Find(db, asked.BuildId)!.IsFinished ? ClaimVerdict.Refused : ClaimVerdict.Later,
                Reason = reason,
            };
        return Grant(db, build, asked, ask);
    }

    private const string Renewing = """
        update build set phases = @phases where id = @id and attempt = @Attempt and state = 'running'
        """;

    public ClaimRenewal Renew(SqliteConnection db, RenewClaim ask)
    {
        var id = ask.BuildId.ToString();
        var phases = JsonSerializer.Serialize(ask.Phases, BuildQueue.Json);
        if (db.Execute(Renewing, new { id, ask.Attempt, phases }) == 0)
            return new ClaimRenewal { Granted = false, Reason = WhyNot(db, ask.BuildId, ask.Attempt) };

        liveness.Renewed(id, ask.Attempt);
        var by = QueuedBuild.Find(db, ask.BuildId)!.CancelledBy;
        return new ClaimRenewal
        {
            Granted = by is null,
            CancelledBy = by,
            Reason = by is null ? null : $"Cancelled by {by}.",
        };
    }

    private const string SetStarted = """
        update build set machine = @Machine where id = @id and attempt = @Attempt and state = 'running'
        """;

    private const string SetAttemptStarted = """
        update attempt set machine = @Machine
         where number = (select number from build where id = @id) and attempt = @Attempt
        """;

    /// <summary>For people to see; nothing rests on it.</summary>
    public static void Started(SqliteConnection db, BuildStarted started)
    {
        var where = new { id = started.BuildId.ToString(), started.Attempt, started.Machine };
        db.Execute(SetStarted, where);
        db.Execute(SetAttemptStarted, where);
    }

    /// <summary>Why this attempt has no say any more.</summary>
    public static string WhyNot(SqliteConnection db, Guid id, int attempt) => QueuedBuild.Find(db, id) switch
    {
        null => $"Build {id} is not known here.",
        { IsFinished: true } build => $"Build {id} has ended already ({build.State}). {build.Reason}",
        { State: BuildState.Running } build => $"Build {id} has passed to {build.Worker}, attempt {build.Attempt}.",
        var build => $"Attempt {attempt} of build {id} was given up, and the build sent again ({build.State}).",
    };

    private const string SelectGranted = "select 1 from attempt where claim_id = @claimId";

    private static bool WasGranted(SqliteConnection db, Guid claimId) =>
        db.ExecuteScalar<long?>(SelectGranted, new { claimId = claimId.ToString() }) is not null;

    private const string SetRunning = """
        update build
           set state = 'running', attempt = attempt + 1, claim_id = @claimId, worker = @Worker, machine = null,
               started_at = coalesce(started_at, @now), phases = null, reason = null
         where number = @Number and state in ('accepted', 'queued', 'waiting')
        """;

    private const string InsertAttempt = """
        insert into attempt (number, attempt, claim_id, worker, granted_at)
        select number, attempt, claim_id, worker, @now from build where number = @Number
        """;

    private BuildClaim Grant(SqliteConnection db, QueuedBuild build, BuildRequested asked, ClaimBuild ask)
    {
        var grant = new
        {
            build.Number,
            claimId = ask.ClaimId.ToString(),
            ask.Worker,
            now = clock.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        db.Execute(SetRunning, grant);
        db.Execute(InsertAttempt, grant);
        Turns.Unsend(db, asked.BuildId);
        liveness.Renewed(build.Id, build.Attempt + 1);
        return Granted(db, QueuedBuild.Find(db, asked.BuildId)!, asked);
    }

    private const string SelectGrantedAt =
        "select granted_at from attempt where number = @Number and attempt = @Attempt";

    private BuildClaim Granted(SqliteConnection db, QueuedBuild build, BuildRequested asked) => new()
    {
        BuildId = asked.BuildId,
        Verdict = ClaimVerdict.Granted,
        Attempt = (int)build.Attempt,
        Image = asked.Image,
        GrantedAt = DateTimeOffset.FromUnixTimeMilliseconds(db.ExecuteScalar<long>(SelectGrantedAt, build)),
        Credentials = credentials.For(db, asked),
        DefaultRegistry = queue.DefaultRegistry,
    };

    private static BuildClaim Refused(BuildRequested asked, string reason) =>
        new() { BuildId = asked.BuildId, Verdict = ClaimVerdict.Refused, Reason = reason.TrimEnd() };
}
