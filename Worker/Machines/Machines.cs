using System.Collections.Concurrent;
using Builds.Worker.Images;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace Builds.Worker.Machines;

/// <summary>Makes machines, and knows which of those in the worker's folder belong to a build that lives.</summary>
public sealed partial class Machines(
    MachinesFolder folder,
    Removals removals,
    IEnumerable<IMachineProvider> providers,
    IOptions<MachineOptions> options,
    TimeProvider clock,
    ILogger<Machines> logger)
{
    private const int LongestName = 63 - 3; // a host name's label, less what further tries add

    private readonly MachineOptions _options = options.Value;
    private readonly IMachineProvider _provider = providers.Single(one => one.Name == options.Value.Provider);
    private readonly ConcurrentDictionary<string, bool> _living = [];
    private readonly ConcurrentDictionary<Task, bool> _ending = [];
    private SemaphoreSlim? _places;

    /// <summary>How many there can be at once; null where only the worker's slots limit them.</summary>
    public int? MostAtOnce => _provider.MostAtOnce;

    private SemaphoreSlim? Places =>
        _provider.MostAtOnce is not { } most
            ? null
            : LazyInitializer.EnsureInitialized(ref _places, () => new SemaphoreSlim(most));

    /// <summary>
    /// A machine for one build. One that cannot be made is given up, removed, and another is tried, under the same name
    /// with a number added.
    /// </summary>
    /// <param name="name">At most 60 lower-case letters, digits and dashes; no other machine of this worker has
    /// it.</param>
    /// <param name="say">Told what happens meanwhile, for the build's log.</param>
    public async Task<Machine> CreateAsync(
        string name, Guid buildId, int attempt, Func<string, ValueTask> say, CancellationToken cancel)
    {
        if (name.Length > LongestName || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new ArgumentException(
                $"\"{name}\" is no machine name: lower-case letters, digits and dashes, at most {LongestName}.",
                nameof(name));

        var tries = 0;
        return await AnotherMachine(name, say).ExecuteAsync(
            async token => await CreateOneAsync(
                new MachineIntent
                {
                    Name = ++tries == 1 ? name : $"{name}-{tries}",
                    Provider = _provider.Name,
                    BuildId = buildId,
                    Attempt = attempt,
                    Worker = new WorkerProcess(Environment.MachineName, Environment.ProcessId),
                    CreatedAt = clock.GetUtcNow(),
                },
                say,
                token),
            cancel);
    }

    /// <summary>Removes what belongs to no living build and is due; what fails is due again later.</summary>
    public Task SweepAsync(CancellationToken cancel) =>
        Parallel.ForEachAsync(
            folder.Names().Where(name => !_living.ContainsKey(name)),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancel },
            async (name, token) => await removals.RemoveAsync(name, evenIfNotDue: false, token));

    /// <summary>Waits for the removals that builds did not wait for.</summary>
    public Task SettleAsync(CancellationToken cancel) => Task.WhenAll(_ending.Keys).WaitAsync(cancel);

    private async Task<Machine> CreateOneAsync(
        MachineIntent intent, Func<string, ValueTask> say, CancellationToken cancel)
    {
        await TakePlaceAsync(say, cancel);
        var begun = clock.GetTimestamp();
        _living[intent.Name] = true; // before the folder is there: the sweep takes every folder that is not living
        try
        {
            var daemon = await MakeAsync(intent, say, cancel);
            Log.Made(logger, intent.Name, intent.Provider, intent.BuildId, clock.GetElapsedTime(begun).TotalSeconds);
            return new Machine(intent.Name, daemon, () => EndAsync(intent.Name));
        }
        catch (Exception)
        {
            // not waited for: a VM that is still being made can only be removed after that, and the build need not
            // stay for it
            var end = EndAsync(intent.Name);
            _ending[end] = true;
            _ = end.ContinueWith(done => _ending.TryRemove(done, out _), TaskScheduler.Default);
            throw;
        }
    }

    private async Task<DaemonEndpoint> MakeAsync(
        MachineIntent intent, Func<string, ValueTask> say, CancellationToken cancel)
    {
        if (Directory.Exists(folder.PathOf(intent.Name)))
            throw new InvalidOperationException($"A machine {intent.Name} is still there and is being removed.");
        var machine = MachineFolder.Make(folder.PathOf(intent.Name), intent);

        var seconds = _options.CreateSeconds + _options.ReadySeconds;
        var shared = _provider.MostAtOnce is not null; // others may hold it for as long as they build
        using var limit = new CancellationTokenSource(
            shared ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            return await _provider.CreateAsync(machine, say, either.Token) with { Folder = machine.FullPath };
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"Machine {intent.Name} was not made within {seconds} s (Machines:CreateSeconds and ReadySeconds).", e);
        }
    }

    private async Task EndAsync(string name)
    {
        // no token: it has a limit of its own, and throws nothing
        await removals.RemoveAsync(name, evenIfNotDue: true, CancellationToken.None);
        _living.TryRemove(name, out _);
        Places?.Release();
    }

    // Where machines share something, what an earlier process left there has to go first: it would pass for what was
    // there before the next build.
    private async Task TakePlaceAsync(Func<string, ValueTask> say, CancellationToken cancel)
    {
        if (Places is not { } places)
            return;
        if (!places.Wait(0, cancel))
        {
            await say($"Waiting: only {_provider.MostAtOnce} build at a time can use the {_provider.Name} here.");
            await places.WaitAsync(cancel);
        }

        try
        {
            foreach (var name in folder.Names().Where(name => !_living.ContainsKey(name)))
                if (!await removals.RemoveAsync(name, evenIfNotDue: true, cancel))
                    throw new InvalidOperationException(
                        $"What machine {name} left behind is not removed yet (its log line says why), "
                        + "and would stay in the way of every other build.");
        }
        catch
        {
            places.Release();
            throw;
        }
    }

    private ResiliencePipeline AnotherMachine(string name, Func<string, ValueTask> say) =>
        _options.MoreTries == 0
            ? ResiliencePipeline.Empty
            : new ResiliencePipelineBuilder { TimeProvider = clock }
                .AddRetry(new RetryStrategyOptions
                {
                    ShouldHandle = new PredicateBuilder().Handle<Exception>(e => e is not OperationCanceledException),
                    MaxRetryAttempts = _options.MoreTries,
                    Delay = TimeSpan.FromSeconds(_options.RetryPauseSeconds),
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    OnRetry = async failed =>
                    {
                        var pause = failed.RetryDelay.TotalSeconds;
                        Log.NotMade(logger, name, failed.AttemptNumber + 1, pause, failed.Outcome.Exception!);
                        await say($"The machine could not be made; trying another one in {pause:0.#} s.");
                    },
                })
                .Build();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Machine {Machine} ({Provider}) for build {BuildId} is ready after {Seconds:0.00} s")]
        public static partial void Made(ILogger logger, string machine, string provider, Guid buildId, double seconds);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Machine {Machine} could not be made, try {Try}; another one in {Pause:0.0} s")]
        public static partial void NotMade(ILogger logger, string machine, int @try, double pause, Exception error);
    }
}
