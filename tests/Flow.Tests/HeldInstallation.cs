using Builds.Parts;
using Builds.Worker.Tests.Machines;

namespace Builds.Flow.Tests;

/// <summary>An installation in which a build can be held in any of its phases, to see what happens to it there.</summary>
public sealed class HeldInstallation : IAsyncDisposable
{
    public static readonly string[] Phases = ["provisioning", "checkingOut", "pullingBases", "building", "pushing"];

    private const string HeldDockerd = """
        #!/bin/sh
        while [ -e "{hold}" ]; do sleep 0.05; done
        exec dockerd "$@"

        """;

    private readonly TempFolder _folder = new("held");
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

    /// <summary>While it is there, no daemon and no VM starts.</summary>
    private string HoldFile => _folder.File("hold");

    /// <param name="impatient">Off: everything is at its default settings.</param>
    /// <param name="limits">Settings of the workers besides.</param>
    public static async Task<HeldInstallation> StartAsync(
        string provider, int workers, bool impatient = true, int drainSeconds = 0,
        IReadOnlyDictionary<string, string>? limits = null)
    {
        var bases = await Registry.StartAsync();
        await bases.PushBaseAsync("library/busybox", "1");
        var held = new HeldInstallation(bases);
        held.Builds = await Installation.StartAsync(new InstallationOptions
        {
            Provider = provider,
            Workers = workers,
            BehindProxy = proxy => held._registryProxy = proxy,
            GatewaySettings = impatient ? Impatience : [],
            WorkerSettings = new Dictionary<string, string>(
                [.. await held.WorkerSettingsAsync(provider, impatient, drainSeconds), .. limits ?? Unlimited]),
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
            RUN echo {_image} && {(phase == "building" ? "sleep 5" : "true")}
            """));
        await Builds.DefineAsync(
            _image, new { git = $"http://{_gitProxy.Host}/{_repository.Name}", @ref = "main", tags = new[] { "latest" } });

        await SetAsync(phase, isHeld: true);
        var id = await Builds.RequestAsync(_image);
        await Builds.UntilAsync(id, $"is {phase}", build => build.Phases.Contains(phase));
        return id;
    }

    public Task LetGoAsync(string phase) => SetAsync(phase, isHeld: false);

    /// <summary>One outcome, the tag is what it says, and nothing is left of machines and checkouts.</summary>
    public async Task SucceedsOnceAsync(Guid id)
    {
        var build = await Builds.EndOfAsync(id);
        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json + Builds.Outputs());
        Assert.That(
            await Outcomes.OfAsync(id), Is.EqualTo(new[] { $"{build.Attempt} succeeded {build.Digest}" }), "one outcome");
        await NothingIsLeftOfAsync(id);
        await Wait.UntilAsync(
            "the tag is what the outcome says", async () => await Builds.Registry.DigestOfAsync(_image, "latest") == build.Digest);
    }

    /// <summary>No machine and no checkout of any build, and no trace of this one's machine nor of any VM.</summary>
    public async Task NothingIsLeftOfAsync(Guid id)
    {
        await Builds.NothingIsLeftAsync();
        await Traces.NoneAsync([$"b-{id:N}", .. Builds.MarksOfVMs()]);
    }

    private static IReadOnlyDictionary<string, string> Unlimited => new Dictionary<string, string>();

    private static Dictionary<string, string> Impatience => new()
    {
        ["Claims:RenewalLimitSeconds"] = "14", // instead of a minute; a question that a dead broker took is asked again after 11 s
        ["Claims:SweepSeconds"] = "1",
    };

    private async Task<Dictionary<string, string>> WorkerSettingsAsync(string provider, bool impatient, int drainSeconds)
    {
        var settings = new Dictionary<string, string> { ["Worker:DrainSeconds"] = $"{drainSeconds}" };
        if (impatient)
            settings["Worker:RenewalSeconds"] = "2";
        if (provider == "dockerd")
        {
            var dockerd = settings["Machines:Dockerd:Binary"] = _folder.File("dockerd");
            await File.WriteAllTextAsync(dockerd, HeldDockerd.Replace("{hold}", HoldFile, StringComparison.Ordinal));
            await Command.RunAsync("chmod", "+x", dockerd);
        }
        else if (provider == "docker-machine")
        {
            settings["Machines:DockerMachine:CreateOptions:2"] = "--fake-fault";
            settings["Machines:DockerMachine:CreateOptions:3"] = $"held={HoldFile}";
        }

        return settings;
    }

    private async Task SetAsync(string phase, bool isHeld)
    {
        var proxy = phase switch
        {
            "checkingOut" => _gitProxy,
            "pullingBases" => _basesProxy,
            "pushing" => _registryProxy,
            _ => null,
        };
        if (proxy is not null)
            await proxy.SetAsync(isHeld ? new Fault.Hang() : new Fault.Pass());
        else if (phase == "provisioning" && Builds.Engine is { } engine)
            await (isHeld ? engine.FreezeAsync() : engine.WakeAsync());
        else if (phase == "provisioning" && isHeld)
            await File.WriteAllTextAsync(HoldFile, "");
        else if (phase == "provisioning")
            File.Delete(HoldFile);
    }

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

        _folder.Dispose();
    }
}
