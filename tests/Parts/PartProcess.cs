using System.Diagnostics;

namespace Builds.Parts;

/// <summary>
/// A daemon of ours. It ends with us even if we are killed: a small guardian beside it holds a pipe from this process,
/// and cleans up when that breaks. (The kernel's parent death signal would end it with the *thread* that started it.)
/// </summary>
public sealed class PartProcess : IAsyncDisposable
{
    private readonly string _name;
    private readonly Process _guardian;
    private readonly Task _ended;
    private readonly bool _childrenStay;

    private PartProcess(string name, Process guardian, int id, string logFile, bool childrenStay)
    {
        _name = name;
        _guardian = guardian;
        _childrenStay = childrenStay;
        _ended = guardian.StandardOutput.ReadLineAsync();
        Id = id;
        LogFile = logFile;
    }

    /// <summary>Of the part itself, not of its guardian.</summary>
    public int Id { get; }

    public string LogFile { get; }

    public bool HasEnded => _ended.IsCompleted;

    /// <param name="childrenStay">When it ends by itself, what it started lives on until this is disposed.</param>
    /// <param name="cleanup">Bash, run after its end, however it ended.</param>
    public static async Task<PartProcess> StartAsync(
        string name,
        TempFolder folder,
        IEnumerable<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        string cleanup = "",
        bool childrenStay = false,
        int graceSeconds = 20)
    {
        var log = folder.File(name + ".log");
        var guardian = new ProcessStartInfo(
            "setsid",
            [
                "bash", "-c", await ScriptAsync(), "guardian",
                graceSeconds.ToString(), log, folder.FullPath,
                childrenStay ? "yes" : "no", cleanup, .. command,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder.FullPath,
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            guardian.Environment[key] = value;

        var process = Process.Start(guardian) ?? throw new PartException($"{name} did not start");
        return await process.StandardOutput.ReadLineAsync() is { } id
            ? new PartProcess(name, process, int.Parse(id), log, childrenStay)
            : throw PartException.WithLog($"{name} did not start", log);
    }

    /// <summary>Waits until the part answers; fails at once if it ends before that.</summary>
    public Task ReadyAsync(Func<Task<bool>> answers, TimeSpan? deadline = null) =>
        ReadyAsync("an answer", answers, deadline);

    public async Task ReadyAsync(string what, Func<Task<bool>> answers, TimeSpan? deadline = null)
    {
        try
        {
            await Wait.UntilAsync(
                $"{what} of {_name}",
                async () => HasEnded ? throw PartException.WithLog($"{_name} ended at its start", LogFile) : await answers(),
                deadline);
        }
        catch (TimeoutException problem)
        {
            throw PartException.WithLog(problem.Message, LogFile);
        }
    }

    /// <summary>SIGTERM, then SIGKILL when its grace has passed; its children and leavings go too.</summary>
    public async Task StopAsync()
    {
        if (!_guardian.HasExited)
        {
            try
            {
                await _guardian.StandardInput.WriteLineAsync("stop");
                await _guardian.StandardInput.FlushAsync();
            }
            catch (IOException)
            {
                // it has ended meanwhile by itself
            }
        }

        await WithinAsync(_guardian.WaitForExitAsync());
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        await SignalAsync("KILL");
        await EndedAsync();
    }

    /// <summary>For example <c>STOP</c>, <c>CONT</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        if (!HasEnded)
            await Command.RunAsync("kill", "-s", signal, Id.ToString());
    }

    /// <summary>Its own end and, unless its children stay, that of all its leavings.</summary>
    public Task EndedAsync() => WithinAsync(_childrenStay ? _ended : _guardian.WaitForExitAsync());

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _guardian.Dispose();
    }

    private async Task WithinAsync(Task end)
    {
        try
        {
            await end.WaitAsync(Wait.Generous);
        }
        catch (TimeoutException)
        {
            throw PartException.WithLog($"{_name} (process {Id}) did not end", LogFile);
        }
    }

    private static async Task<string> ScriptAsync()
    {
        await using var script = typeof(PartProcess).Assembly.GetManifestResourceStream("Guardian.sh")!;
        using var reader = new StreamReader(script);
        return await reader.ReadToEndAsync();
    }
}
