using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>
/// Beside the recipe: renews the claim every few seconds and at each change of phase, and ends the build when the claim
/// is refused, when it takes too long, or when nothing has been printed for too long.
/// </summary>
public sealed class ClaimWatch : IAsyncDisposable
{
    private readonly RunningBuild _build;
    private readonly ClaimClient _claims;
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _phaseChanged = new(0);
    private readonly TimeSpan _renewal;
    private readonly ITimer _limit;
    private readonly ITimer _silence;
    private readonly Task _renewing;

    public ClaimWatch(
        RunningBuild build, BuildLogStream log, ClaimClient claims, WorkerOptions worker, LimitOptions limits,
        BuildLogOptions logLimits, TimeProvider clock)
    {
        (_build, _claims, _renewal) = (build, claims, TimeSpan.FromSeconds(worker.RenewalSeconds));
        build.PhaseChanged += OnPhaseChanged;

        var asked = TimeSpan.FromSeconds(build.Request.TimeoutSeconds ?? int.MaxValue);
        var limit = asked < limits.Build ? asked : limits.Build;
        _limit = clock.CreateTimer(
            _ => build.End(
                Ending.TimedOut, $"The build took longer than its limit of {LimitOptions.Words(limit)}."),
            null, limit, Timeout.InfiniteTimeSpan);

        var silence = logLimits.Silence;
        _silence = clock.CreateTimer(
            _ =>
            {
                if (log.Silence >= silence)
                    build.End(Ending.TimedOut, $"Nothing was printed for {LimitOptions.Words(silence)}.");
            },
            null, silence / 10, silence / 10);

        _renewing = RenewAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _build.PhaseChanged -= OnPhaseChanged;
        await _limit.DisposeAsync();
        await _silence.DisposeAsync();
        await _over.CancelAsync();
        await _renewing;
        _over.Dispose();
        _phaseChanged.Dispose();
    }

    /// <summary>
    /// Nothing may be pushed without it: returns once the Gateway has confirmed the claim, or ends the build.
    /// </summary>
    public static async Task ConfirmAsync(RunningBuild build, ClaimClient claims)
    {
        var answer = await claims.RenewAsync(Question(build), build.Cancel);
        Heed(build, answer);
        build.Cancel.ThrowIfCancellationRequested();
    }

    private async Task RenewAsync()
    {
        try
        {
            while (!_build.Cancel.IsCancellationRequested)
            {
                await _phaseChanged.WaitAsync(_renewal, _over.Token);
                while (_phaseChanged.CurrentCount > 0)
                    await _phaseChanged.WaitAsync(_over.Token);
                Heed(_build, await _claims.RenewAsync(Question(_build), _over.Token));
            }
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            return; // the attempt has come to its end
        }
    }

    private static void Heed(RunningBuild build, ClaimRenewal answer)
    {
        if (answer.Granted)
            return;
        if (answer.CancelledBy is { } by)
            build.End(Ending.Cancelled, $"Cancelled by {by}.");
        else
            build.End(Ending.ClaimLost, answer.Reason ?? "The Gateway did not renew the claim.");
    }

    private static RenewClaim Question(RunningBuild build) =>
        new() { BuildId = build.Request.BuildId, Attempt = build.Attempt, Phases = build.Phases };

    private void OnPhaseChanged() => _phaseChanged.Release();
}
