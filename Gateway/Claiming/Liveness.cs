using System.Collections.Concurrent;

namespace Builds.Gateway.Claiming;

/// <summary>
/// When each claim was last renewed, by a clock that only goes on while workers can reach this Gateway. Kept in memory:
/// a Gateway that has just started takes every claim it meets as renewed now.
/// </summary>
public sealed class Liveness
{
    private readonly ConcurrentDictionary<(string Build, long Attempt), TimeSpan> _renewed = new();
    private long _ticks;

    private TimeSpan Now => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    /// <summary>To be told of each stretch of time in which the connection stood.</summary>
    public void Passed(TimeSpan connected) => Interlocked.Add(ref _ticks, connected.Ticks);

    public void Renewed(string build, long attempt) => _renewed[(build, attempt)] = Now;

    public bool IsDead(string build, long attempt, TimeSpan limit) =>
        Now - _renewed.GetOrAdd((build, attempt), Now) > limit;

    /// <summary>Forgets all but these.</summary>
    public void Keep(IReadOnlySet<(string Build, long Attempt)> running)
    {
        foreach (var claim in _renewed.Keys.Where(claim => !running.Contains(claim)))
            _renewed.TryRemove(claim, out _);
    }
}
