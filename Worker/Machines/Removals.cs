using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Machines;

/// <summary>
/// Removes machines by their intents: one at a time for each, with back-off, and an alarm when it does not work.
/// </summary>
public sealed partial class Removals(
    MachinesFolder folder,
    IEnumerable<IMachineProvider> providers,
    IOptions<MachineOptions> options,
    TimeProvider clock,
    ILogger<Removals> logger)
{
    private const int TriesBeforeAlarm = 3;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);

    private readonly MachineOptions _options = options.Value;
    private readonly ConcurrentDictionary<string, Failing> _failing = [];
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = [];

    /// <returns>Whether it is gone. What went wrong is logged and not thrown: it will be tried again.</returns>
    public async Task<bool> RemoveAsync(string name, bool evenIfNotDue, CancellationToken cancel)
    {
        if (!evenIfNotDue && _failing.TryGetValue(name, out var failing) && clock.GetUtcNow() < failing.Due)
            return false;

        var turn = _turns.GetOrAdd(name, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancel);
        try
        {
            return await TryAsync(name, cancel);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<bool> TryAsync(string name, CancellationToken cancel)
    {
        var path = folder.PathOf(name);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(_options.RemoveSeconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        MachineIntent? intent = null;
        try
        {
            if (!Directory.Exists(path))
                return true;
            var begun = clock.GetTimestamp();
            if (MachineFolder.Open(path) is { } machine)
            {
                intent = machine.Intent;
                await ProviderOf(intent).RemoveAsync(machine, either.Token);
            }

            await MachineFolder.DeleteAsync(path, either.Token);
            _failing.TryRemove(name, out _);
            _turns.TryRemove(name, out _);
            Log.Gone(logger, name, clock.GetElapsedTime(begun).TotalSeconds);
            return true;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Remember(name, intent, limit.IsCancellationRequested ? TookTooLong(e) : e);
            return false;
        }
    }

    private TimeoutException TookTooLong(Exception e) =>
        new($"It was not gone within {_options.RemoveSeconds} s (Machines:RemoveSeconds): {e.Message}", e);

    private IMachineProvider ProviderOf(MachineIntent intent) =>
        providers.FirstOrDefault(one => one.Name == intent.Provider)
        ?? throw new InvalidOperationException(
            $"No provider is called {intent.Provider}, so nothing can remove what it made.");

    private void Remember(string name, MachineIntent? intent, Exception error)
    {
        var now = clock.GetUtcNow();
        var tries = _failing.TryGetValue(name, out var before) ? before.Tries + 1 : 1;
        var longest = TimeSpan.FromSeconds(_options.LongestSweepPauseSeconds);
        var pause = FirstPause * Math.Pow(2, Math.Min(tries - 1, 20));
        pause = pause < longest ? pause : longest;
        _failing[name] = new Failing(tries, now + pause);

        var age = intent is null ? TimeSpan.Zero : now - intent.CreatedAt;
        if (tries < TriesBeforeAlarm)
            Log.StillThere(logger, name, intent?.Provider, tries, pause.TotalSeconds, error);
        else
            Log.Alarm(logger, name, intent?.Provider, intent?.BuildId, tries, age, folder.PathOf(name), error);
    }

    private sealed record Failing(int Tries, DateTimeOffset Due);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Machine {Machine} is gone, in {Seconds:0.00} s")]
        public static partial void Gone(ILogger logger, string machine, double seconds);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Machine {Machine} ({Provider}) could not be removed, try {Tries}; again in {Pause:0} s")]
        public static partial void StillThere(
            ILogger logger, string machine, string? provider, int tries, double pause, Exception error);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "Machine {Machine} ({Provider}) of build {BuildId} LEAKS: "
                + "{Tries} tries to remove it failed, it is {Age} old. It is tried for ever; "
                + "if you have seen for yourself that nothing of it is left, delete {Folder}")]
        public static partial void Alarm(
            ILogger logger,
            string machine,
            string? provider,
            Guid? buildId,
            int tries,
            TimeSpan age,
            string folder,
            Exception error);
    }
}
