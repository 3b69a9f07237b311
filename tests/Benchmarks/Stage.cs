using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>Everything that a build needs, on this machine, for one benchmark.</summary>
public sealed class Stage : IAsyncDisposable
{
    /// <summary>What the registry shows where it notifies.</summary>
    public const string HookSecret = "hook-secret-of-the-benchmark";

    private readonly Stack<IAsyncDisposable> _started = new();
    private readonly TempFolder _folder = new("benchmark");

    private Stage()
    {
    }

    public Broker Broker { get; private set; } = null!;

    public DockerDaemon Daemon { get; private set; } = null!;

    public Registry Registry { get; private set; } = null!;

    public GitServer Git { get; private set; } = null!;

    public ServiceProcess Gateway { get; private set; } = null!;

    public ServiceProcess Worker { get; private set; } = null!;

    public Api Api { get; private set; } = null!;

    /// <summary>With a base image on the daemon and in the registry, and Gateway running; no worker yet.</summary>
    public static async Task<Stage> SetAsync()
    {
        var stage = new Stage();
        try
        {
            stage.Broker = stage.Keep(await Broker.StartAsync());
            stage.Daemon = stage.Keep(await DockerDaemon.StartAsync());
            stage.Registry = stage.Keep(await Registry.StartAsync());
            stage.Git = stage.Keep(await GitServer.StartAsync());
            await stage.Registry.PushBaseAsync("library/base", "1");
            await stage.Daemon.DockerAsync("pull", stage.Base);
            await Command.RunAsync(
                ServiceProcess.Built("Worker"), "keys", "create", "--folder", stage.Keys, "--public", stage.PublicKeys);
            await stage.StartGatewayAsync();
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public string Base => $"{Registry.Host}/library/base:1";

    private string Keys => _folder.FullPath + "/keys";

    private string PublicKeys => _folder.FullPath + "/keys.json";

    public async Task StartGatewayAsync()
    {
        Gateway = Keep(await ServiceProcess.StartAsync("Gateway", new Dictionary<string, string>
        {
            ["Bus:Address"] = Broker.Address.ToString(),
            ["Store:Folder"] = "{folder}/store",
            ["Registry:Default"] = Registry.Host,
            ["Sources:AllowedHosts:0"] = Git.Host,
            ["Keys:File"] = PublicKeys,
            ["Hooks:Registries:0:Host"] = Registry.Host,
            ["Hooks:Registries:0:Secret"] = HookSecret,
            ["Tokens:AdminFile"] = "{folder}/admin-token",
        }));
        Api = new Api(Gateway.Http, await File.ReadAllTextAsync(Gateway.Folder + "/admin-token"));
    }

    /// <param name="provider">What a machine is: <c>engine</c> (the daemon of this stage) or <c>dockerd</c>.</param>
    public async Task StartWorkerAsync(string provider) =>
        Worker = Keep(await ServiceProcess.StartAsync("Worker", new Dictionary<string, string>
        {
            ["Bus:Address"] = Broker.Address.ToString(),
            ["Worker:Name"] = "benchmark",
            ["Worker:Slots"] = "1",
            ["Worker:Folder"] = "{folder}/work",
            ["Keys:Folder"] = Keys,
            ["Machines:Provider"] = provider,
            ["Machines:Engine:Address"] = Daemon.Socket.ToString(),
            ["Sources:AllowedHosts:0"] = Git.Host,
        }));

    /// <summary>A repository with a Dockerfile on the base, and its definition.</summary>
    public async Task<GitRepository> DefineAsync(string image, string instructions)
    {
        var repository = await Git.CreateRepositoryAsync(image + ".git");
        await repository.CommitAsync(("Dockerfile", $"FROM {Base}\nCOPY stamp /stamp\n{instructions}\n"), ("stamp", "0"));
        await Api.DefineAsync(image, Git.UrlOf(repository));
        return repository;
    }

    /// <summary>Nothing that was built before is taken from a cache after this.</summary>
    public static Task RenewAsync(GitRepository repository) =>
        repository.CommitAsync(("stamp", Guid.NewGuid().ToString()));

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var part))
            await part.DisposeAsync();
        _folder.Dispose();
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _started.Push(part);
        return part;
    }
}
