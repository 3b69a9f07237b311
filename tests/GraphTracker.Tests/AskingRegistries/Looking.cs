using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RegistryOptions = Builds.GraphTracker.Registries.RegistryOptions;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>A graph, a registry, a clock that the test moves, and whoever looks through the registry.</summary>
internal sealed class Looking(RegistryOptions options) : IAsyncDisposable
{
    private readonly RegistryClient _client = new(Options.Create(options));
    private readonly List<BackgroundService> _running = [];

    public static TimeSpan Interval { get; } = TimeSpan.FromHours(1);

    public Graph Graph { get; } = Graph.Empty();

    public ManualClock Clock { get; } = new();

    public RegistryReport Report => ReportOf(Graph.Host);

    public static Looking At(FakeRegistry registry, bool watch = false) => At(registry, new KnownRegistryOptions
    {
        Host = Graph.Host,
        Url = registry.Url,
        PauseMilliseconds = 0,
        ReconcileInterval = watch ? TimeSpan.Zero : Interval,
        WatchInterval = watch ? Interval : TimeSpan.Zero,
    });

    public static Looking At(FakeRegistry registry, KnownRegistryOptions known) => new(registry.Settings(known));

    public static Looking With(RegistryOptions options) => new(options);

    public static Looking At(Registry registry) => new(new RegistryOptions
    {
        Default = Graph.Host,
        Known = [new KnownRegistryOptions { Host = Graph.Host, Url = registry.Url, PauseMilliseconds = 0 }],
    });

    /// <summary>What an operator is told of it.</summary>
    public RegistryReport ReportOf(string registry) => new ListRegistriesConsumer(Graph.Store, Options.Create(options))
        .Report().Items.Single(report => report.Registry == registry);

    public Task ReconcileAsync() => StartAsync(new Reconciling(
        Graph.Store, _client, Options.Create(options), Clock, NullLogger<Reconciling>.Instance));

    public Task WatchAsync() => StartAsync(new Watching(
        Graph.Store, _client, Options.Create(options), Clock, NullLogger<Watching>.Instance));

    /// <summary>What a registry's notification becomes.</summary>
    public Task NotifyAsync(string repository, string tag, string digest, string registry = Graph.Host) =>
        new ImagePushedConsumer(Graph.Store, Options.Create(options), Clock).TakeAsync(
            new ImagePushed
            {
                Image = new ImageReference { Registry = registry, Repository = repository }, Tag = tag, Digest = digest,
            },
            CancellationToken.None);

    /// <summary>Puts the questions that come of it.</summary>
    public Task AskAsync()
    {
        var layers = Options.Create(new LayersOptions());
        return StartAsync(new Asking(
            Graph.Store, new Inquiry(Graph.Store, _client.DigestOfAsync, _client.ReadAsync, _client.IsOfTheRequestAsync),
            new DueQuestions(Graph.Store, layers), layers, Clock, NullLogger<Asking>.Instance));
    }

    /// <summary>Decides what follows, at once.</summary>
    public Task DecideAsync() => StartAsync(new Deciding(
        Graph.Store, Options.Create(new CascadeOptions { SettleSeconds = 0 }), Clock, NullLogger<Deciding>.Instance));

    /// <summary>Until it holds; meanwhile time passes.</summary>
    public Task UntilAsync(string what, Func<bool> holds, TimeSpan? step = null) => Wait.UntilAsync(what, () =>
    {
        if (step is { } passes)
            Clock.Pass(passes);
        return holds();
    });

    public async Task PassIntervalAsync()
    {
        await UntilAsync("the interval to be waited for", () => Clock.IsAwaited(Interval));
        Clock.Pass(Interval);
    }

    public Task ReconciledAsync(int times = 1) => UntilAsync($"look {times} to be done", () => Report.ReconciledAt is { } at
        && at >= new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) + (times - 1) * Interval);

    public async Task StopAsync()
    {
        foreach (var service in _running)
        {
            await service.StopAsync(CancellationToken.None);
            service.Dispose();
        }

        _running.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _client.Dispose();
        await Graph.DisposeAsync();
    }

    private Task StartAsync(BackgroundService service)
    {
        _running.Add(service);
        return service.StartAsync(CancellationToken.None);
    }
}
