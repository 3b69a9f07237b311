using System.Collections.Concurrent;
using Builds.Contracts;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Building;

/// <summary>
/// Owns the builds of this worker, so that a delivery whose channel died takes no build with it: the build goes on, and
/// the second delivery is refused its claim.
/// </summary>
public sealed partial class RunningBuilds(
    BuildAttempt attempt, Intake intake, IOptions<WorkerOptions> options, Machines.Machines machines,
    TimeProvider clock, ILogger<RunningBuilds> logger)
    : IHostedLifecycleService, IDisposable
{
    private readonly ConcurrentDictionary<Guid, RunningBuild> _running = new();
    private readonly ConcurrentDictionary<Task, bool> _tasks = new();
    private readonly SemaphoreSlim _slots = new(Math.Min(options.Value.Slots, machines.MostAtOnce ?? int.MaxValue));
    private readonly CancellationTokenSource _draining = new();

    /// <summary>Cancelled when no build may begin any more.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>Waits for a free slot; <see cref="Start"/> takes it over, otherwise it is to be disposed of.</summary>
    public async Task<IDisposable> SlotAsync(CancellationToken cancel)
    {
        await _slots.WaitAsync(cancel);
        return new Slot(_slots);
    }

    /// <summary>Begins the build; it holds the slot until its machine is gone.</summary>
    public RunningBuild Start(BuildRequested request, BuildClaim claim, IDisposable slot)
    {
        var build = new RunningBuild(request, claim.Attempt!.Value, claim.GrantedAt!.Value, clock);
        _running[request.BuildId] = build;
        var task = Task.Run(() => RunAsync(build, claim, slot));
        _tasks[task] = true;
        _ = task.ContinueWith(done => _tasks.TryRemove(done, out _), TaskScheduler.Default);
        return build;
    }

    public void Cancel(Guid buildId, string by)
    {
        if (_running.TryGetValue(buildId, out var build))
            build.End(Ending.Cancelled, $"Cancelled by {by}.");
    }

    /// <summary>Before the first delivery: nothing that is checked out belongs to a living build.</summary>
    public Task StartAsync(CancellationToken cancellationToken) =>
        Task.Run(() => Sources.Checkouts.RemoveRemains(options.Value.Checkouts), cancellationToken);

    /// <summary>Before anything else stops, while the bus still carries outcomes: wait, then give back.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _draining.CancelAsync();
        if (_tasks.IsEmpty)
            return;

        Log.Draining(logger, _running.Count, options.Value.DrainSeconds);
        var closing = intake.CloseAsync(cancellationToken);
        var patience = Task.Delay(TimeSpan.FromSeconds(options.Value.DrainSeconds), clock, cancellationToken);
        await Task.WhenAny(Task.WhenAll(_tasks.Keys), patience);
        foreach (var build in _running.Values)
            build.End(Ending.Drained, "The worker shuts down.");
        await Task.WhenAll(_tasks.Keys).WaitAsync(cancellationToken); // without a Gateway the host's limit ends it
        await closing;
    }

    private async Task RunAsync(RunningBuild build, BuildClaim claim, IDisposable slot)
    {
        using (slot)
        {
            try
            {
                await attempt.RunAsync(build, claim.Credentials);
            }
            catch (Exception e)
            {
                Log.Unexpected(logger, build.Request.BuildId, e); // the Gateway's sweeper sends it again
            }
            finally
            {
                _running.TryRemove(new(build.Request.BuildId, build));
                build.Settle();
                build.Dispose();
            }
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _draining.Dispose();
        _slots.Dispose();
    }

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        private int _freed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _freed, 1) == 0)
                slots.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "Shutting down: {count} builds have {seconds} s to end before they are given back")]
        public static partial void Draining(ILogger logger, int count, int seconds);

        [LoggerMessage(LogLevel.Error, "Build {build} ended without a word to the Gateway; it will be sent again")]
        public static partial void Unexpected(ILogger logger, Guid build, Exception e);
    }
}
