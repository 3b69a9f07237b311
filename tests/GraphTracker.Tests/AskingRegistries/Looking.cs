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
/// <param name="graph">Whose end is somebody else's; an empty one of its own where left out.</param>
internal sealed class Looking(RegistryOptions options, Graph? graph = null) : IAsyncDisposable
{
    private readonly List<BackgroundService> _running = [];
    private RegistryClient? _client;

    public static TimeSpan Interval { get; } = TimeSpan.FromHours(1);

    public Graph Graph { get; } = graph ?? Graph.Empty();

    public ManualClock Clock { get; } = new();

    private RegistryClient Client => _client ??= new RegistryClient(Options.Create(options), Clock);

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

    public static Looking Of(Graph graph, RegistryOptions options) => new(options, graph);

    public static Looking At(Registry registry, string? user = null, string? password = null) => new(new RegistryOptions
    {
        Default = Graph.Host,
        Known =
        [
            new KnownRegistryOptions
            {
                Host = Graph.Host, Url = registry.Url, User = user, Password = password, CaFile = registry.CaFile,
                PauseMilliseconds = 0,
            },
        ],
    });

    /// <summary>What an operator is told of it.</summary>
    public RegistryReport ReportOf(string registry) => new ListRegistriesConsumer(Graph.Store, Options.Create(options))
        .Report().Items.Single(report => report.Registry == registry);

    public Task ReconcileAsync() => StartAsync(new Reconciling(
        Graph.Store, Client, Options.Create(options), Clock, NullLogger<Reconciling>.Instance));

    public Task WatchAsync() => StartAsync(new Watching(
        Graph.Store, Client, Options.Create(options), Clock, NullLogger<Watching>.Instance));

    /// <summary>What a registry's notification becomes.</summary>
    public Task NotifyAsync(string repository, string? tag, string digest, string registry = Graph.Host) =>
        new ImagePushedConsumer(Graph.Store, Options.Create(options), Clock).TakeAsync(
            new ImagePushed
            {
                Image = new ImageReference { Registry = registry, Repository = repository }, Tag = tag, Digest = digest,
            },
            CancellationToken.None);

    /// <summary>Puts the questions that come of it.</summary>
    public Task AskAsync()
    {
        var inquiry = new Inquiry(
            Graph.Store, Client.DigestOfAsync, Client.ReadAsync, Client.IsOfTheRequestAsync);
        return StartAsync(Graph.Asking(inquiry, Clock));
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
        _client?.Dispose();
        if (graph is null)
            await Graph.DisposeAsync();
    }

    private Task StartAsync(BackgroundService service)
    {
        _running.Add(service);
        return service.StartAsync(CancellationToken.None);
    }
}
