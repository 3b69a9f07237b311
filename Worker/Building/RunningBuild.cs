using Builds.Contracts;
using Builds.Worker.Images;

namespace Builds.Worker.Building;

/// <summary>Why a build was ended from outside its recipe.</summary>
public enum Ending
{
    Cancelled,
    TimedOut,

    /// <summary>The claim is another's now, or nobody's: not a word more about this build.</summary>
    ClaimLost,

    /// <summary>This worker shuts down: the build is given back.</summary>
    Drained,
}

/// <summary>One attempt at a build by this worker: what it is, how far it is, and what ends it.</summary>
public sealed class RunningBuild(BuildRequested request, int attempt, DateTimeOffset grantedAt, TimeProvider clock)
    : IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _granted = clock.GetTimestamp();
    private readonly List<Phase> _phases = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    public BuildRequested Request { get; } = request;
    public int Attempt { get; } = attempt;

    /// <summary>Chosen before the machine exists, so that whatever is left of it can be told whose it was.</summary>
    public string MachineName { get; } = $"b-{request.BuildId:N}-{attempt}";

    /// <summary>Cancelled when the build is to end; <see cref="Ending"/> says why.</summary>
    public CancellationToken Cancel => _end.Token;

    public Ending? Ending { get; private set; }
    public string? EndingReason { get; private set; }

    /// <summary>From here on a daemon may have moved tags, whatever becomes of the attempt.</summary>
    public bool HasPushed => Phases.Any(phase => phase.Name == "pushing");

    /// <summary>Known once the source is checked out.</summary>
    public string? Commit { get; set; }

    /// <summary>Known once they are pulled.</summary>
    public IReadOnlyList<BaseImage> Bases { get; set; } = [];

    /// <summary>Its id on the machine, known once it is built.</summary>
    public string? Image { get; set; }

    /// <summary>Filled as its tags are looked at before they are pushed.</summary>
    public TagsBefore Before { get; } = new(attempt);

    /// <summary>Raised at each change of phase.</summary>
    public event Action? PhaseChanged;

    /// <summary>
    /// Completes once it is concluded or given back, and its machine is gone: the delivery may be acknowledged.
    /// </summary>
    public Task Settled => _settled.Task;

    /// <summary>The Gateway's instant, by a monotonic clock of ours.</summary>
    public DateTimeOffset Now => grantedAt + clock.GetElapsedTime(_granted);

    public IReadOnlyList<BuildPhase> Phases
    {
        get
        {
            lock (_gate)
            {
                return [.. _phases.Select(phase => new BuildPhase
                {
                    Name = phase.Name,
                    StartedAt = phase.StartedAt,
                    Seconds = Math.Round((phase.Took ?? clock.GetElapsedTime(phase.Began)).TotalSeconds, 3),
                })];
            }
        }
    }

    /// <summary>The first reason stands.</summary>
    public void End(Ending ending, string reason)
    {
        lock (_gate)
        {
            if (Ending is not null || _disposed)
                return;
            (Ending, EndingReason) = (ending, reason);
            _ = _end.CancelAsync(); // what is interrupted runs elsewhere, and not under this lock
        }
    }

    /// <summary>Runs a part of the build under its own limit of time.</summary>
    public Task<T> InPhaseAsync<T>(string name, TimeSpan limit, Func<CancellationToken, Task<T>> work) =>
        InPhaseAsync(name, limit, work, Cancel);

    /// <param name="cancel">Linked to <see cref="Cancel"/> by whoever has a reason more to end this part.</param>
    public async Task<T> InPhaseAsync<T>(
        string name, TimeSpan limit, Func<CancellationToken, Task<T>> work, CancellationToken cancel)
    {
        var phase = new Phase(name, Now, clock.GetTimestamp());
        lock (_gate)
        {
            _phases.Add(phase);
        }

        PhaseChanged?.Invoke();
        await using var alarm = clock.CreateTimer(
            _ => End(
                Building.Ending.TimedOut,
                $"{name} took longer than its limit of {LimitOptions.Words(limit)} (Limits:{Setting(name)}). "
                    + "The end of the log tells how far it came."),
            null, limit, Timeout.InfiniteTimeSpan);
        try
        {
            return await work(cancel);
        }
        finally
        {
            lock (_gate)
            {
                phase.Took = clock.GetElapsedTime(phase.Began);
            }
        }
    }

    private static string Setting(string phase) => $"{char.ToUpperInvariant(phase[0])}{phase[1..]}";

    public void Settle() => _settled.TrySetResult();

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _end.Dispose();
    }

    private sealed class Phase(string name, DateTimeOffset startedAt, long began)
    {
        public string Name { get; } = name;
        public DateTimeOffset StartedAt { get; } = startedAt;
        public long Began { get; } = began;
        public TimeSpan? Took { get; set; }
    }
}
