using Builds.Contracts;
using Builds.Worker.Images;
using Builds.Worker.Securing;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Building;

/// <summary>
/// One attempt from its claim to its end: the recipe is run, what comes of it is concluded or given back while
/// everything it took is undone, and what it may have pushed is looked at once more.
/// </summary>
public sealed partial class BuildAttempt(
    Recipe recipe, ClaimClient claims, TagGuard tags, WorkerKeys keys, IBus bus, IOptions<WorkerOptions> options,
    IOptions<LimitOptions> limits, IOptions<BuildLogOptions> logOptions, TimeProvider clock,
    ILogger<BuildAttempt> logger)
{
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MendLimit = TimeSpan.FromMinutes(2);

    // Without it RabbitMQ drops, silently, what no queue is bound for.
    private static readonly IPipe<PublishContext> MustArrive =
        Pipe.Execute<PublishContext>(sent => sent.Mandatory = true);

    public async Task RunAsync(RunningBuild build, SealedCredentials? credentials)
    {
        var (opened, broken) = Open(credentials);
        await using var log = new BuildLogStream(
            build.Request.BuildId, build.Attempt, logOptions.Value, opened.Secrets, PublishAsync, clock, logger);
        await using var leftovers = new Leftovers(logger);
        await using var watch = new ClaimWatch(
            build, log, claims, options.Value, limits.Value, logOptions.Value, clock);
        await AnnounceAsync(build);

        var end = (await EndOfAsync(build, RunAsync(build, opened, broken, log, leftovers))).Masked(log.Mask);
        var cleaning = leftovers.DisposeAsync().AsTask(); // needed by nobody any more; the answer may take its time
        await log.SealAsync(CancellationToken.None);
        await SettleAsync(build, end, log.Batches);
        await cleaning;
        build.Settle(); // now, and not as soon as it is concluded: the next delivery needs the slot
        if (!build.HasPushed)
            return;

        using var limit = new CancellationTokenSource(MendLimit);
        await tags.KeepAsync(build, AttemptEnd.Asking(build, end, log.Batches), opened, limit.Token);
    }

    private async Task<AttemptEnd> RunAsync(
        RunningBuild build, OpenedCredentials opened, AttemptEnd? broken, BuildLogStream log, Leftovers leftovers)
    {
        foreach (var line in WhyBuilt.Lines(build.Request.Cause))
            await log.LineAsync("cause", line, build.Cancel);
        return broken ?? AttemptEnd.Of(await recipe.RunAsync(build, opened, log, leftovers));
    }

    // Asked until answered: while the Gateway is away the outcome waits here, and the claim is watched on.
    private async Task SettleAsync(RunningBuild build, AttemptEnd end, int logBatches)
    {
        switch (end)
        {
            case AttemptEnd.Outcome outcome:
                await ConcludeAsync(outcome.Completed(build, logBatches));
                break;
            case AttemptEnd.GivenBack given:
                Log.GivenBack(logger, build.Request.BuildId, build.Attempt, given.Reason, given.Cause);
                await claims.ReleaseAsync(given.Release(build, logBatches), CancellationToken.None);
                break;
            case AttemptEnd.Lost lost:
                Log.ClaimLost(logger, build.Request.BuildId, build.Attempt, lost.Reason);
                break;
        }
    }

    private (OpenedCredentials Opened, AttemptEnd? Broken) Open(SealedCredentials? credentials)
    {
        try
        {
            return (keys.Open(credentials), null);
        }
        catch (BuildFailedException e)
        {
            return (OpenedCredentials.None, AttemptEnd.Of(e));
        }
        catch (MissingKeyException e)
        {
            return (OpenedCredentials.None, new AttemptEnd.GivenBack(e.Message, FailureClass.Service, e));
        }
    }

    private async Task AnnounceAsync(RunningBuild build)
    {
        using var limit = new CancellationTokenSource(PublishLimit);
        try
        {
            await bus.Publish(
                new BuildStarted
                {
                    BuildId = build.Request.BuildId,
                    Attempt = build.Attempt,
                    Worker = options.Value.Name,
                    Machine = build.MachineName,
                    StartedAt = build.Now,
                },
                MustArrive,
                limit.Token);
        }
        catch (Exception e)
        {
            Log.NotAnnounced(logger, build.Request.BuildId, e); // the Gateway knows it from the claim
        }
    }

    // What was asked to end ends with that reason, whatever its interrupted parts complain of.
    private static async Task<AttemptEnd> EndOfAsync(RunningBuild build, Task<AttemptEnd> attempt)
    {
        try
        {
            return await attempt;
        }
        catch (Exception e) when (build.Ending is { } ending)
        {
            return AttemptEnd.Of(ending, build.EndingReason!, e);
        }
        catch (BuildFailedException e)
        {
            return AttemptEnd.Of(e);
        }
        catch (OvertakenException e)
        {
            return AttemptEnd.Of(e);
        }
        catch (Exception e)
        {
            return new AttemptEnd.GivenBack(e.Message, FailureClass.Service, e);
        }
    }

    private async Task ConcludeAsync(BuildCompleted completed)
    {
        var conclusion = await claims.ConcludeAsync(
            new ConcludeBuild { Completed = completed }, CancellationToken.None);
        if (conclusion.Granted)
            await TellAsync(completed);
        else
            Log.ClaimLost(
                logger, completed.BuildId, completed.Attempt, conclusion.Reason ?? "another attempt has concluded");
    }

    private async Task TellAsync(BuildCompleted completed)
    {
        Log.Concluded(
            logger, completed.BuildId, completed.Attempt, completed.Outcome, completed.Digest, completed.Reason);
        using var limit = new CancellationTokenSource(PublishLimit);
        try
        {
            await bus.Publish(completed, MustArrive, limit.Token);
        }
        catch (Exception e)
        {
            Log.NotTold(logger, completed.BuildId, e); // the Gateway publishes it itself when it does not see it
        }
    }

    private Task PublishAsync(BuildLog batch, CancellationToken cancel) => bus.Publish(batch, MustArrive, cancel);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Build {build} attempt {attempt}: {outcome} {digest} {reason}")]
        public static partial void Concluded(
            ILogger logger, Guid build, int attempt, BuildOutcome outcome, string? digest, string? reason);

        [LoggerMessage(LogLevel.Warning, "Build {build} attempt {attempt} is given back: {reason}")]
        public static partial void GivenBack(ILogger logger, Guid build, int attempt, string reason, Exception? e);

        [LoggerMessage(LogLevel.Warning, "Build {build} attempt {attempt} has no claim any more: {reason}")]
        public static partial void ClaimLost(ILogger logger, Guid build, int attempt, string reason);

        [LoggerMessage(LogLevel.Warning, "Build {build}: its start could not be published")]
        public static partial void NotAnnounced(ILogger logger, Guid build, Exception e);

        [LoggerMessage(LogLevel.Warning, "Build {build}: its outcome could not be published; the Gateway will do it")]
        public static partial void NotTold(ILogger logger, Guid build, Exception e);
    }
}
