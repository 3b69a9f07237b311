namespace Builds.Gateway.Following;

/// <summary>
/// Who follows which build. They are only told that there is something new, and read it at their own pace: nobody waits
/// for a slow one, and nothing is kept for it.
/// </summary>
public sealed class Followers
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<Follower>> _all = [];

    public Follower Follow(Guid build)
    {
        var follower = new Follower(this, build);
        lock (_lock)
        {
            if (!_all.TryGetValue(build, out var others))
                _all[build] = others = [];
            others.Add(follower);
        }

        return follower;
    }

    public void Wake(Guid build)
    {
        lock (_lock)
        {
            if (_all.TryGetValue(build, out var followers))
                followers.ForEach(follower => follower.Wake());
        }
    }

    public IReadOnlyList<Guid> Builds()
    {
        lock (_lock)
            return [.. _all.Keys];
    }

    private void Remove(Follower follower)
    {
        lock (_lock)
        {
            var others = _all[follower.Build];
            others.Remove(follower);
            if (others.Count == 0)
                _all.Remove(follower.Build);
        }
    }

    public sealed class Follower(Followers all, Guid build) : IDisposable
    {
        private readonly SemaphoreSlim _news = new(0, 1);

        public Guid Build { get; } = build;

        /// <returns>False when the time has passed without news.</returns>
        public Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancel) => _news.WaitAsync(limit, cancel);

        public void Dispose()
        {
            all.Remove(this); // after which nobody wakes it any more
            _news.Dispose();
        }

        internal void Wake()
        {
            if (_news.CurrentCount == 0)
                _news.Release();
        }
    }
}
