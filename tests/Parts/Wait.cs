using System.Diagnostics;

namespace Builds.Parts;

/// <summary>Waits for a thing itself, never for a while.</summary>
public static class Wait
{
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <param name="what">Completes the sentence "waited in vain for …".</param>
    /// <param name="condition">An exception counts as "not yet"; the last one is shown when the deadline passes.</param>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan? deadline = null)
    {
        await ForAsync(what, async () => await condition() ? "met" : null, deadline);
    }

    public static Task UntilAsync(string what, Func<bool> condition, TimeSpan? deadline = null) =>
        UntilAsync(what, () => Task.FromResult(condition()), deadline);

    /// <summary>Asks until the answer is not null, and returns it.</summary>
    public static async Task<T> ForAsync<T>(string what, Func<Task<T?>> ask, TimeSpan? deadline = null)
        where T : class
    {
        var limit = deadline ?? Generous;
        var watch = Stopwatch.StartNew();
        Exception? last;
        do
        {
            try
            {
                if (await ask() is { } answer)
                    return answer;
                last = null;
            }
            catch (Exception problem) when (problem is not PartException)
            {
                last = problem;
            }

            await Task.Delay(Pause);
        }
        while (watch.Elapsed < limit);

        var why = last is null ? "" : $"; the last try failed with {last.GetType().Name}: {last.Message}";
        throw new TimeoutException($"waited {limit.TotalSeconds:0} s in vain for {what}{why}", last);
    }
}
