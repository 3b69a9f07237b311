namespace Builds.Gateway.Following;

/// <summary>The next line to be sent.</summary>
public readonly record struct LogPlace(long Attempt, long Sequence, int Line)
{
    public static LogPlace Beginning => new(1, 0, 0);
}

/// <summary>
/// Sends a log from a place on, in order: what is kept already at once, the rest as it comes. Lines that never came are
/// named, a new attempt is told apart, the outcome ends it.
/// </summary>
public sealed class LogFollower(
    Guid build,
    LogPlace place,
    bool follow,
    ILogOutput output,
    Func<FollowedBuild> look,
    LogStore logs,
    LogOptions options,
    TimeProvider clock)
{
    private const int Together = 8;

    private LogPlace _place = place;
    private long _progressAt = clock.GetTimestamp();
    private bool _isLate;

    /// <returns>When the outcome was told, or what there was where nobody follows.</returns>
    public async Task RunAsync(Followers.Follower news, CancellationToken cancel)
    {
        var seen = look();
        _isLate = seen.Row.FinishedAt is { } end
            && clock.GetUtcNow() > DateTimeOffset.FromUnixTimeMilliseconds(end) + options.EndGrace;
        while (true)
        {
            // The build before its batches: when it is over, all that is kept of it is read after that.
            seen = look();
            var next = await CopyAsync(seen, cancel);
            if (next == Next.More)
                continue;
            if (next == Next.News && seen.Row.IsFinished)
            {
                await output.EndAsync(seen.LastLine, cancel);
                return;
            }

            if (!follow && !seen.Row.IsFinished)
                return;
            var limit = next == Next.Missing ? Patience(seen) : options.Heartbeat;
            if (!await news.WaitAsync(limit, cancel) && next == Next.News)
                await output.IdleAsync(cancel);
        }
    }

    private async Task<Next> CopyAsync(FollowedBuild seen, CancellationToken cancel)
    {
        var batches = logs.From(build, _place.Attempt, _place.Sequence, Together);
        foreach (var batch in batches)
        {
            while (_place.Attempt < batch.Attempt)
            {
                if (!await CompleteAsync(seen, cancel))
                    return Next.Missing;
                await BeginAsync(seen.AttemptAfter(_place.Attempt) ?? batch.Attempt, seen, cancel);
            }

            if (!await ReachAsync(batch.Sequence, seen, cancel))
                return Next.Missing;
            await output.BatchAsync(batch, _place.Line, cancel);
            _place = new LogPlace(batch.Attempt, batch.Sequence + 1, 0);
            _progressAt = clock.GetTimestamp();
        }

        if (batches.Count > 0)
            return Next.More;
        var after = seen.AttemptAfter(_place.Attempt);
        if (after is null && !seen.Row.IsFinished)
            return Next.News;
        if (!await CompleteAsync(seen, cancel))
            return Next.Missing;
        if (after is null)
            return Next.News;
        await BeginAsync(after.Value, seen, cancel);
        return Next.More;
    }

    /// <returns>False while the rest of this attempt may still come.</returns>
    private async Task<bool> CompleteAsync(FollowedBuild seen, CancellationToken cancel) =>
        await ReachAsync(seen.BatchesOf(_place.Attempt) ?? _place.Sequence, seen, cancel);

    /// <summary>Gets to a batch; those before it that did not come are named when it is time.</summary>
    private async Task<bool> ReachAsync(long sequence, FollowedBuild seen, CancellationToken cancel)
    {
        if (sequence <= _place.Sequence)
            return true;
        if (Patience(seen) > TimeSpan.Zero)
            return false;

        var which = $"batches {_place.Sequence} to {sequence - 1} of attempt {_place.Attempt}";
        await output.NoteAsync(
            logs.RemovedAt(build) is { } at
                ? $"{which} were removed at {at:u}: logs are kept for {options.KeepDays} days, the oldest for less"
                : $"lines are missing here: {which} never came",
            cancel);
        _place = _place with { Sequence = sequence, Line = 0 };
        return true;
    }

    private async Task BeginAsync(long attempt, FollowedBuild seen, CancellationToken cancel)
    {
        var worker = seen.Find(attempt)?.Worker is { } name ? $" on {name}" : "";
        var why = seen.Find(_place.Attempt)?.Reason is { } reason ? $"; the one before ended: {reason}" : "";
        await output.NoteAsync($"attempt {attempt}{worker}{why}", cancel);
        _place = new LogPlace(attempt, 0, 0);
    }

    /// <summary>How much longer what is missing may take.</summary>
    private TimeSpan Patience(FollowedBuild seen)
    {
        if (_isLate || (!follow && !seen.Row.IsFinished))
            return TimeSpan.Zero;
        var limit = seen.Row.IsFinished ? options.EndGrace : options.GapGrace;
        var left = limit - clock.GetElapsedTime(_progressAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private enum Next
    {
        /// <summary>There may be more at once.</summary>
        More,

        /// <summary>All that there is was sent.</summary>
        News,

        /// <summary>Something before the next line has not come yet.</summary>
        Missing,
    }
}
