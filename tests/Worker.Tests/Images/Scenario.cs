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

    private readonly TempFolder _folder = new("checkout");
    private readonly RegistryConnections _connections;
    private readonly BasePuller _puller;
    private readonly ImageBuilder _builder;
    private readonly List<LogRun> _runs = [];

    public Scenario(DockerDaemon? daemon = null, ImageOptions? options = null)
    {
        var settings = Options.Create(options ?? new ImageOptions { RegistryRetries = 1, RegistryRetrySeconds = 0.05 });
        _connections = new RegistryConnections(settings);
        var registry = new RegistryClient(_connections, settings);
        _puller = new BasePuller(registry, settings, TimeProvider.System, NullLogger<BasePuller>.Instance);
        _builder = new ImageBuilder(settings, TimeProvider.System);
        Pusher = new ImagePusher(registry, settings, TimeProvider.System, NullLogger<ImagePusher>.Instance);
        Daemon = new DaemonEndpoint((daemon ?? RealParts.Daemon).Socket, null);
        Request = Request with { Image = new ImageReference { Registry = RealParts.Registry.Host, Repository = $"team/{Guid.NewGuid():N}" } };
    }

    public BuildRequested Request { get; set; } = new()
    {
        BuildId = Guid.NewGuid(),
        Image = new ImageReference { Repository = "team/api" },
        Tags = ["1"],
        Source = new GitSource { Git = "https://git.example.org/team/api.git", Ref = "main" },
        RequestedAt = DateTimeOffset.UnixEpoch,
    };

    public DaemonEndpoint Daemon { get; }

    public ImagePusher Pusher { get; }

    /// <summary>By host.</summary>
    public Dictionary<string, RegistryCredential> Credentials { get; } = [];

    /// <summary>Called with every run before it counts as shown.</summary>
    public Func<LogRun, Task> OnLog { get; set; } = _ => Task.CompletedTask;

    public string Root => _folder.FullPath;

    /// <summary>As a reader has them, however they were batched.</summary>
    public IReadOnlyList<string> Lines =>
    [
        .. string.Concat(_runs.SelectMany(run => run.Text).Select(text => text.Contains('\n', StringComparison.Ordinal) ? text : text + "\n"))
            .TrimEnd('\n').Split('\n'),
    ];

    public IReadOnlyList<string> Steps => [.. _runs.Select(run => run.Step).Distinct()];

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

    public async Task<Bases> PullAsync(CancellationToken cancel = default)
    {
        await using var log = Log();
        return await _puller.PullAsync(Daemon, Root, Request, Credentials, log, cancel);
    }

    public async Task<BuiltImage> BuildAsync(CancellationToken cancel = default) => await BuildAsync(await PullAsync(cancel), cancel);

    public async Task<BuiltImage> BuildAsync(Bases bases, CancellationToken cancel = default)
    {
        await using var log = Log();
        return await _builder.BuildAsync(Daemon, bases, Commit, log, cancel);
    }

    public async Task<PushedImage> PushAsync(CancellationToken cancel = default) => await PushAsync(await BuildAsync(cancel), cancel);

    public async Task<PushedImage> PushAsync(BuiltImage image, CancellationToken cancel = default)
    {
        await using var log = Log();
        return await Pusher.PushAsync(Daemon, image, Credentials, log, cancel);
    }

    public void Dispose()
    {
        _connections.Dispose();
        _folder.Dispose();
    }

    private BuildLogStream Log() => new(Request.BuildId, 1, ShowAsync, TimeProvider.System);

    private async Task ShowAsync(BuildLog batch, CancellationToken cancel)
    {
        foreach (var run in batch.Runs)
        {
            _runs.Add(run);
            await OnLog(run);
        }
    }
}
