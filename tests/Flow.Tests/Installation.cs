using System.Net.Http.Json;
using System.Text.Json;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>A whole installation: every service as it was built, over real parts.</summary>
public sealed partial class Installation : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private static readonly string FakeDockerMachine = ServiceProcess.Built("FakeDockerMachine", "docker-machine");

    private readonly TempFolder _folder = new("installation");
    private readonly List<ServiceProcess> _workers = [];
    private readonly InstallationOptions _options;

    private readonly int _gatewayPort = FreePort.Next();

    private FaultProxy? _registryProxy;

    private Installation(InstallationOptions options) => _options = options;

    public Broker Broker { get; private set; } = null!;
    public Registry Registry { get; private set; } = null!;
    public GitServer Git { get; private set; } = null!;

    /// <summary>The shared daemon of the <c>engine</c> provider.</summary>
    public DockerDaemon? Engine { get; private set; }

    public ServiceProcess Gateway { get; private set; } = null!;
    public IReadOnlyList<ServiceProcess> Workers => _workers;

    /// <summary>Where <see cref="InstallationOptions.Graph"/> asks for it.</summary>
    public ServiceProcess? GraphTracker { get; private set; }

    /// <summary>Where the VMs of the <c>docker-machine</c> provider are.</summary>
    private string Cloud => _folder.Folder("cloud");

    /// <summary>The Gateway's API with the first admin token.</summary>
    public HttpClient Api { get; private set; } = null!;

    public static async Task<Installation> StartAsync(InstallationOptions options)
    {
        var installation = new Installation(options);
        try
        {
            await installation.StartPartsAsync();
            await installation.StartGatewayAsync();
            if (options.Graph)
                await installation.StartGraphTrackerAsync();
            for (var i = 0; i < options.Workers; i++)
                await installation.AddWorkerAsync();
            return installation;
        }
        catch
        {
            await installation.DisposeAsync();
            throw;
        }
    }

    /// <summary>A repository with these files, and an image that is defined to be built from it.</summary>
    public async Task<GitRepository> DefineAsync(string image, params (string Path, GitFile File)[] files)
    {
        var repository = await Git.CreateRepositoryAsync(image.Replace('/', '-') + ".git");
        await repository.CommitAsync(files);
        await DefineAsync(image, new { git = Git.UrlOf(repository), @ref = "main", tags = new[] { "latest" } });
        return repository;
    }

    public async Task DefineAsync(string image, object definition)
    {
        using var answer = await Api.PutAsJsonAsync($"v1/images/{image}", definition);
        Assert.That(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <returns>The build's id.</returns>
    public async Task<Guid> RequestAsync(string image, object? more = null)
    {
        var body = JsonSerializer.SerializeToNode(more ?? new { })!.AsObject();
        body["image"] = image;
        using var answer = await Api.PostAsJsonAsync("v1/builds", body);
        Assert.That((int)answer.StatusCode, Is.EqualTo(202), await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    public async Task<Build> BuildAsync(Guid id) =>
        new(await Api.GetFromJsonAsync<JsonElement>($"v1/builds/{id}"));

    /// <summary>Waits until the build has its outcome.</summary>
    public async Task<Build> EndOfAsync(Guid id)
    {
        try
        {
            return await Wait.ForAsync(
                $"build {id} has an outcome", async () => await BuildAsync(id) is { HasEnded: true } build ? build : null, Deadline);
        }
        catch (Exception e) when (e is not AssertionException)
        {
            throw new InvalidOperationException($"{e.Message}\nIt is: {(await BuildAsync(id)).Json}\n{Outputs()}", e);
        }
    }

    public async Task<Build> UntilAsync(Guid id, string what, Func<Build, bool> condition) =>
        await Wait.ForAsync(
            $"build {id} {what}", async () => await BuildAsync(id) is var build && condition(build) ? build : null, Deadline);

    /// <summary>A good build of a new image, from the request to its tag.</summary>
    public async Task<Build> NextIsServedAsync()
    {
        var image = $"team/next-{Guid.NewGuid():N}";
        await DefineAsync(image, ("Dockerfile", $"FROM {Registry.Host}/library/busybox:1\nLABEL good={image}\n"));
        var build = await EndOfAsync(await RequestAsync(image));
        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json.ToString());
        Assert.That(await Registry.DigestOfAsync(image, "latest"), Is.EqualTo(build.Digest));
        return build;
    }

    /// <summary>The whole log, followed to its end.</summary>
    public Task<string> LogOfAsync(Guid id) => Api.GetStringAsync($"v1/builds/{id}/log?follow=true");

    /// <summary>
    /// Machines and checkouts of all workers, VMs, and what was built in a shared daemon: nothing may be left of builds
    /// that have ended.
    /// </summary>
    public async Task NothingIsLeftAsync()
    {
        await Wait.UntilAsync("every VM is gone", () => VMs().Length == 0, Deadline);
        foreach (var worker in _workers)
        {
            foreach (var folder in new[] { "machines", "checkouts" })
            {
                var path = Path.Combine(worker.Folder, "state", folder);
                await Wait.UntilAsync(
                    $"{path} is empty",
                    () => !Directory.Exists(path) || !Directory.EnumerateDirectories(path).Any(),
                    Deadline);
            }
        }

        foreach (var kind in Engine is null ? [] : new[] { "images/json", "containers/json" })
            await Wait.UntilAsync(
                $"no {kind} are in the engine",
                async () => (await Engine!.Http.GetStringAsync(new Uri(kind + "?all=1", UriKind.Relative))).Trim() == "[]",
                Deadline);
    }

    /// <summary>By which to know the processes, control groups and bridges of every VM that there was.</summary>
    public IEnumerable<string> MarksOfVMs()
    {
        var ordered = Path.Combine(Cloud, "ordered");
        return File.Exists(ordered) ? File.ReadLines(ordered).SelectMany(id => new[] { id, "fdm" + id[2..] }) : [];
    }

    private string[] VMs() => Directory.GetDirectories(Cloud);

    public string Outputs() =>
        string.Join("\n", _workers.Append(Gateway).Append(GraphTracker).OfType<ServiceProcess>()
            .Select(service => service.Output[^Math.Min(service.Output.Length, 4000)..]));

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        foreach (var worker in _workers)
            await worker.DisposeAsync();
        foreach (var vm in VMs()) // of a test that failed; their store knows them no more
            await Command.RunAsync(FakeDockerMachine, "fake-destroy", Cloud, Path.GetFileName(vm));
        foreach (var part in new IAsyncDisposable?[] { GraphTracker, Gateway, Engine, Git, _registryProxy, Registry, Broker })
        {
            if (part is not null)
                await part.DisposeAsync();
        }

        _folder.Dispose();
    }
}
