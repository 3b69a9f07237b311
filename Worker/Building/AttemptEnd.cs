using Builds.Contracts;
using Builds.Worker.Images;

namespace Builds.Worker.Building;

/// <summary>What came of an attempt: an outcome, the build given back, or a claim that is gone.</summary>
public abstract record AttemptEnd
{
    public static AttemptEnd Of(PushedImage pushed) => new Outcome(BuildOutcome.Succeeded, null, null, pushed);

    public static AttemptEnd Of(BuildFailedException failed) =>
        new Outcome(BuildOutcome.Failed, failed.Class, failed.Message, null);

    public static AttemptEnd Of(OvertakenException overtaken) =>
        new Outcome(BuildOutcome.Superseded, null, overtaken.Message, null) { Found = overtaken.Found };

    public static AttemptEnd Of(Ending ending, string reason, Exception cause) => ending switch
    {
        Ending.Cancelled => new Outcome(BuildOutcome.Cancelled, null, reason, null),
        Ending.TimedOut => new Outcome(BuildOutcome.TimedOut, FailureClass.Limit, reason, null),
        Ending.Drained => new GivenBack(reason, null, cause),
        _ => new Lost(reason),
    };

    /// <summary>
    /// The question that tells what the tags are to be. Of an attempt without an outcome it is always refused.
    /// </summary>
    public static BuildCompleted Asking(RunningBuild build, AttemptEnd end, int logBatches) =>
        (end as Outcome ?? new Outcome(BuildOutcome.Errored, FailureClass.Service, null, null))
            .Completed(build, logBatches);

    /// <summary>Reasons hold words of others, and so may hold secrets.</summary>
    public AttemptEnd Masked(Func<string, string> mask) => this switch
    {
        Outcome { Reason: { } reason } outcome => outcome with { Reason = mask(reason) },
        GivenBack given => given with { Reason = mask(given.Reason) },
        _ => this,
    };

    public sealed record Lost(string Reason) : AttemptEnd;

    public sealed record GivenBack(string Reason, FailureClass? Class, Exception? Cause) : AttemptEnd
    {
        public ReleaseClaim Release(RunningBuild build, int logBatches) => new()
        {
            BuildId = build.Request.BuildId,
            Attempt = build.Attempt,
            Reason = Reason,
            Class = Class,
            LogBatches = logBatches,
        };
    }

    public sealed record Outcome(BuildOutcome Kind, FailureClass? Class, string? Reason, PushedImage? Pushed)
        : AttemptEnd
    {
        /// <summary>What was under a tag instead of what the build was to replace.</summary>
        public string? Found { get; init; }

        public BuildCompleted Completed(RunningBuild build, int logBatches) => new()
        {
            BuildId = build.Request.BuildId,
            Attempt = build.Attempt,
            Outcome = Kind,
            Class = Class,
            Reason = Reason,
            Image = build.Request.Image,
            Tags = build.Request.Tags,
            Source = build.Request.Source with { Commit = build.Commit ?? build.Request.Source.Commit },
            BuildArgs = build.Request.BuildArgs,
            Target = build.Request.Target,
            Platform = build.Request.Platform,
            Labels = build.Request.Labels,
            NoCache = build.Request.NoCache,
            TimeoutSeconds = build.Request.TimeoutSeconds,
            Cause = build.Request.Cause,
            Digest = Pushed?.Digest,
            Pushed = Pushed?.Tags ?? [],
            Bases = build.Bases,
            Phases = build.Phases,
            LogBatches = logBatches,
            CompletedAt = build.Now,
            Found = Found,
        };
    }
}
