using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>An installation in which a build can be held in any of its phases, to see what happens to it there.</summary>
public sealed class HeldInstallation : IAsyncDisposable
{
    public static readonly string[] Phases = ["checkingOut", "pullingBases", "building", "pushing"];

    private readonly Registry _bases;
    private readonly FaultProxy _basesProxy;
    private FaultProxy _gitProxy = null!;
    private FaultProxy _registryProxy = null!;
    private string _image = "";
    private GitRepository _repository = null!;

    private HeldInstallation(Registry bases)
    {
        _bases = bases;
        _basesProxy = FaultProxy.Before(bases.Port);
    }

    public Installation Builds { get; private set; } = null!;
    public Outcomes Outcomes { get; private set; } = null!;

    public static async Task<HeldInstallation> StartAsync(string provider, int workers)
    {
        var bases = await Registry.StartAsync();
        await bases.PushBaseAsync("library/busybox", "1");
        var held = new HeldInstallation(bases);
        held.Builds = await Installation.StartAsync(new InstallationOptions
        {
            Provider = provider,
            Workers = workers,
            BehindProxy = proxy => held._registryProxy = proxy,
            GatewaySettings = new Dictionary<string, string>
            {
                ["Claims:RenewalLimitSeconds"] = "8", // instead of a minute
                ["Claims:SweepSeconds"] = "1",
            },
            WorkerSettings = new Dictionary<string, string> { ["Worker:RenewalSeconds"] = "2" },
        });
        held._gitProxy = FaultProxy.Before(held.Builds.Git.Url.Port);
        held.Outcomes = await Outcomes.ListenAsync(held.Builds.Broker);
        return held;
    }

    /// <summary>Defines an image of its own and requests it; its build stops in that phase until <see cref="LetGoAsync"/>.</summary>
    public async Task<Guid> HoldAsync(string phase)
    {
        _image = $"team/{phase.ToLowerInvariant()}-{Guid.NewGuid():N}"[..30];
        _repository = await Builds.Git.CreateRepositoryAsync(_image.Replace('/', '-') + ".git");
        await _repository.CommitAsync(("Dockerfile", $"""
            FROM {_basesProxy.Host}/library/busybox:1
            RUN echo {_image} && {(phase == "building" ? "sleep 8" : "true")}
            """));
        await Builds.DefineAsync(
            _image, new { git = $"http://{_gitProxy.Host}/{_repository.Name}", @ref = "main", tags = new[] { "latest" } });

        if (Proxy(phase) is { } proxy)
            await proxy.SetAsync(new Fault.Hang());
        var id = await Builds.RequestAsync(_image);
        await Builds.UntilAsync(id, $"is {phase}", build => build.Phases.Contains(phase));
        return id;
    }

    public async Task LetGoAsync(string phase)
    {
        if (Proxy(phase) is { } proxy)
            await proxy.SetAsync(new Fault.Pass());
    }

    /// <summary>One outcome, the tag is what it says, and nothing is left of machines and checkouts.</summary>
    public async Task SucceedsOnceAsync(Guid id)
    {
        var build = await Builds.EndOfAsync(id);
        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json + Builds.Outputs());
        Assert.That(
            await Outcomes.OfAsync(id), Is.EqualTo(new[] { $"{build.Attempt} succeeded {build.Digest}" }), "one outcome");
        await Builds.NothingIsLeftAsync();
        await Wait.UntilAsync(
            "the tag is what the outcome says", async () => await Builds.Registry.DigestOfAsync(_image, "latest") == build.Digest);
    }

    private FaultProxy? Proxy(string phase) => phase switch
    {
        "checkingOut" => _gitProxy,
        "pullingBases" => _basesProxy,
        "pushing" => _registryProxy,
        _ => null,
    };

    public async ValueTask DisposeAsync()
    {
        if (Outcomes is not null)
            await Outcomes.DisposeAsync();
        if (Builds is not null)
            await Builds.DisposeAsync();
        foreach (var part in new IAsyncDisposable?[] { _gitProxy, _basesProxy, _bases })
        {
            if (part is not null)
                await part.DisposeAsync();
        }
    }
}
