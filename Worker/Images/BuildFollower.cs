using System.IO.Pipelines;
using Builds.Worker.Building;
using Builds.Worker.Images.BuildKit;

namespace Builds.Worker.Images;

/// <summary>Reads a daemon's answer to its end: what is printed goes to the log, and how it ended is the
/// result.</summary>
internal sealed class BuildFollower(DaemonEndpoint daemon, BuildLogStream log, TimeProvider clock)
{
    private const string Step = "build";

    /// <summary>Empty messages, of which a healthy daemon sends none or a few.</summary>
    private const int MostEmpty = 1_000;

    /// <summary>What the daemon said last may still be on its way when it works on nothing any more.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly BuildKitProgress _steps = new(log);
    private readonly ClassicProgress _classic = new(log);

    /// <param name="pace">To which the build is held; without one its output is taken in as it comes.</param>
    /// <returns>Id of the image.</returns>
    public async Task<string> FollowAsync(Stream answer, Pace? pace, CancellationToken cancel)
    {
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using var spool = pace is null ? new Spool(answer, daemon.Folder, clock, cancel) : null;
        string? id = null, error = null;
        var empty = 0;
        Task? end = null;
        await foreach (var message in DaemonMessage.ReadAsync(spool?.Reader ?? PipeReader.Create(answer), cancel))
        {
            pace?.IsBehind = true;
            await ShowAsync(message, pace, cancel);
            pace?.IsBehind = false;
            (id, error) = (message.ImageId ?? id, message.Error ?? error);
            if (message.Trace is { Length: 0 } && ++empty == MostEmpty)
            {
                spool?.IsSlow = true;
                end = EndAsync(watch.Token);
                await log.LineAsync(Step,
                    "The daemon has stopped reporting, as Docker 20.10 does when very much is printed at once. The " +
                    "build goes on, but its further output is lost.", cancel);
            }

            if (end is not null && (id is not null || end.IsCompleted))
                break;
        }

        await watch.CancelAsync();
        if (end is { IsFaulted: true })
            await end;
        return await ConcludeAsync(id, error, hasStopped: end is not null, cancel);
    }

    private async Task EndAsync(CancellationToken cancel)
    {
        await DaemonActivity.EndAsync(daemon, clock, cancel);
        await Task.Delay(Grace, clock, cancel);
    }

    private async ValueTask ShowAsync(DaemonMessage message, Pace? pace, CancellationToken cancel)
    {
        if (message.Trace is { } trace)
        {
            await _steps.ShowAsync(StatusResponse.Parser.ParseFrom(trace), pace, cancel);
            if (_steps.Clipped.Count > 0)
                pace?.Dispose(); // what is cut takes tokens, and never arrives
        }
        else if (message.Stream is { } text)
            await _classic.ShowAsync(text, cancel);
    }

    private async Task<string> ConcludeAsync(string? id, string? error, bool hasStopped, CancellationToken cancel)
    {
        foreach (var step in _steps.Clipped)
            await log.LineAsync(Step,
                $"The daemon has cut the output of {step}: lines are missing there. Its operator can raise " +
                "BUILDKIT_STEP_LOG_MAX_SIZE and BUILDKIT_STEP_LOG_MAX_SPEED.", cancel);
        if (error is not null)
        {
            if (_steps.Failed is null)
                await log.LineAsync(_classic.Step, $"ERROR: {BuildFault.Words(error)}", cancel);
            throw BuildFault.Of(error, _steps.Failed?.Step ?? _classic.Step);
        }

        return id ?? throw (hasStopped
            ? new BuildFailedException(
                "A step failed after the daemon had stopped reporting, so why is not known here. Let the steps print " +
                "less at once, or ask the operator for Docker 23 or the classic builder.")
            : new DaemonFaultException($"The Docker daemon at {daemon.Address} ended the build without a result."));
    }
}
