using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Building;
using Builds.Worker.Images;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Tests.Images;

/// <summary>A checkout and a request, and the steps that a build takes them through.</summary>
internal sealed class Scenario : IDisposable
{
    public const string Commit = "0123456789012345678901234567890123456789";

    /// <summary>Where the registries of the tests are: not public, so it has to be allowed.</summary>
    public static readonly string[] Loopback = ["127.0.0.1"];

    private readonly TempFolder _folder = new("checkout");
    private readonly RegistryConnections _connections;
    private readonly BasePuller _puller;
    private readonly ImageBuilder _builder;
    private readonly ImagePusher _pusher;
    private readonly SortedList<(int Log, int Sequence), BuildLog> _batches = [];
    private int _logs;

    public Scenario(DockerDaemon? daemon = null, ImageOptions? options = null)
    {
        var settings = Options.Create(options ?? new ImageOptions
        {
            AllowedRegistries = Loopback, RegistryRetries = 1, RegistryRetrySeconds = 0.05,
        });
        _connections = new RegistryConnections(settings);
        var registry = new RegistryClient(_connections, settings);
        _puller = new BasePuller(registry, settings, TimeProvider.System, NullLogger<BasePuller>.Instance);
        _builder = new ImageBuilder(settings, TimeProvider.System);
        Tags = new RegistryTags(registry, NullLogger<RegistryTags>.Instance);
        _pusher = new ImagePusher(registry, Tags, settings, TimeProvider.System);
        Daemon = new DaemonEndpoint((daemon ?? RealParts.Daemon).Socket, null);
        Request = Request with { Image = new ImageReference { Registry = RealParts.Registry.Host,
            Repository = $"team/{Guid.NewGuid():N}" } };
    }

    public BuildRequested Request { get; set; } = new()
    {
        BuildId = Guid.NewGuid(),
        Image = new ImageReference { Repository = "team/api" },
        Tags = ["1"],
        Source = new GitSource { Git = "https://git.example.org/team/api.git", Ref = "main" },
        RequestedAt = DateTimeOffset.UnixEpoch,
    };

    public DaemonEndpoint Daemon { get; set; }

    public RegistryTags Tags { get; }

    /// <summary>What the tags were before the last push.</summary>
    public TagsBefore Before { get; private set; } = null!;

    /// <summary>By host.</summary>
    public Dictionary<string, RegistryCredential> Credentials { get; } = [];

    /// <summary>Called with every run as it is shown.</summary>
    public Func<LogRun, Task> OnLog { get; set; } = _ => Task.CompletedTask;

    public string Root => _folder.FullPath;

    public IReadOnlyList<string> Lines => [.. Runs.SelectMany(run => run.Text)];

    public IReadOnlyList<string> LinesOf(string step) =>
        [.. Runs.Where(run => run.Step == step).SelectMany(run => run.Text)];

    public IReadOnlyList<string> Steps => [.. Runs.Select(run => run.Step).Distinct()];

    private IEnumerable<LogRun> Runs => _batches.Values.SelectMany(batch => batch.Runs);

    public Scenario With(string path, string text)
    {
        File.WriteAllText(_folder.File(path.Split('/')), text);
        return this;
    }

    public Scenario WithLink(string path, string target)
    {
        File.CreateSymbolicLink(_folder.File(path.Split('/')), target);
        return this;
    }

    public Scenario From(string context, string? dockerfile = null)
    {
        Request = Request with { Source = Request.Source with { Context = context, Dockerfile = dockerfile } };
        return this;
    }

    public Scenario Knowing(string host, string user, string password)
    {
        Credentials[host] = new RegistryCredential(host, user, password, null);
        return this;
    }

    public Task<Bases> PullAsync(CancellationToken cancel = default) =>
        LoggedAsync(log => _puller.PullAsync(Daemon, Root, Request, Credentials, log, cancel));

    public async Task<BuiltImage> BuildAsync(CancellationToken cancel = default) =>
        await BuildAsync(await PullAsync(cancel), cancel);

    public Task<BuiltImage> BuildAsync(Bases bases, CancellationToken cancel = default) =>
        LoggedAsync(log => _builder.BuildAsync(Daemon, bases, Commit, log, cancel));

    public async Task<PushedImage> PushAsync(CancellationToken cancel = default) =>
        await PushAsync(await BuildAsync(cancel), cancel: cancel);

    public Task<PushedImage> PushAsync(BuiltImage image, int attempt = 1, CancellationToken cancel = default)
    {
        Before = new TagsBefore(attempt);
        return LoggedAsync(log => _pusher.PushAsync(Daemon, image, Before, Credentials, log, cancel));
    }

    public void Dispose()
    {
        _connections.Dispose();
        _folder.Dispose();
    }

    private async Task<T> LoggedAsync<T>(Func<BuildLogStream, Task<T>> step)
    {
        var number = _logs++;
        await using var log = new BuildLogStream(
            Request.BuildId, 1, new BuildLogOptions(), [], (batch, _) =>
                ShowAsync(number, batch), TimeProvider.System, NullLogger.Instance);
        try
        {
            return await step(log);
        }
        finally
        {
            await log.SealAsync(CancellationToken.None);
        }
    }

    private async Task ShowAsync(int log, BuildLog batch)
    {
        lock (_batches)
            _batches.Add((log, batch.Sequence), batch);
        foreach (var run in batch.Runs)
            await OnLog(run);
    }
}
