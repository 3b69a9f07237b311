using System.Collections.Concurrent;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// The kernel ends a child "with its parent" when the <em>thread</em> that forked it ends, and pool threads come and
/// go: such children are started here, on a thread that stays as long as the process.
/// </summary>
internal static class LastingThread
{
    private static readonly BlockingCollection<Action> Work = Start();

    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private static BlockingCollection<Action> Start()
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var one in work.GetConsumingEnumerable())
                one();
        }) { IsBackground = true, Name = "Starts daemons" }.Start();
        return work;
    }
}
