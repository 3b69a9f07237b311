using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>A small disk behind a proxy with faults.</summary>
public sealed class When_a_registry_is_unwell
{
    private const int DiskBytes = 8 << 20;

    private TinyDisk _disk = null!;
    private FaultProxy _proxy = null!;
    private Installation _builds = null!;
    private int _images;

    [OneTimeSetUp]
    public async Task An_installation()
    {
        _disk = await TinyDisk.CreateAsync(DiskBytes);
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            Registry = new RegistryOptions { Storage = _disk.FullPath },
            BehindProxy = proxy => _proxy = proxy,
            GatewaySettings = new Dictionary<string, string> { ["Claims:LostLimit"] = "1" },
            WorkerSettings = new Dictionary<string, string> { ["Limits:Pushing"] = "00:01:00" },
        });
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
        if (_disk is not null)
            await _disk.DisposeAsync();
    }

    [TearDown]
    public Task Well_again() => _proxy.SetAsync(new Fault.Pass());

    [Test]
    public async Task Should_push_to_one_that_trickles()
    {
        var (image, build, _) = await BuildAsync("head -c 200000 /dev/urandom > /some", new Fault.Slow(100_000));

        Assert.That((build.State, build.Attempt), Is.EqualTo(("succeeded", 1)), build.Json.ToString());
        Assert.That(await _builds.Registry.DigestOfAsync(image, "latest"), Is.EqualTo(build.Digest));
    }

    [Test]
    public async Task Should_name_the_limit_where_it_is_too_slow()
    {
        var (image, build, _) = await BuildAsync("head -c 200000 /dev/urandom > /some", new Fault.Slow(500));

        Assert.That((build.State, build.Class), Is.EqualTo(("timedOut", "limit")), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain("pushing took longer than its limit of 1 minute (Limits:Pushing)"));
        await NothingHalfMadeAsync(image);
    }

    [Test]
    public async Task Should_name_it_where_it_refuses_what_is_pushed()
    {
        var (image, build, _) = await BuildAsync("true", new Fault.Refuse());

        Assert.That((build.State, build.Class), Is.EqualTo(("errored", "service")), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain("could not be pushed").And.Contain(_proxy.Host).And.Contain("refused"));
        await NothingHalfMadeAsync(image);
    }

    [Test]
    public async Task Should_name_it_where_it_refuses_to_give_a_base()
    {
        var (image, build, _) = await BuildAsync("true", new Fault.Refuse(), $"{_proxy.Host}/library/busybox:1");

        Assert.That((build.State, build.Class), Is.EqualTo(("errored", "service")), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain(_proxy.Host).And.Contain("cannot be reached").And.Contain("refused"));
        await NothingHalfMadeAsync(image);
    }

    [Test]
    public async Task Should_wait_for_a_base_that_trickles()
    {
        await _builds.Registry.PushNewBaseAsync("library/trickling", "1");

        var (image, build, _) = await BuildAsync("true", new Fault.Slow(300_000), $"{_proxy.Host}/library/trickling:1");

        Assert.That((build.State, build.Attempt), Is.EqualTo(("succeeded", 1)), build.Json.ToString());
        Assert.That(await _builds.Registry.DigestOfAsync(image, "latest"), Is.EqualTo(build.Digest));
    }

    [Test]
    public async Task Should_tell_its_operator_where_it_runs_out_of_space_in_the_middle_of_a_push()
    {
        var (image, build, log) = await BuildAsync($"head -c {2 * DiskBytes} /dev/urandom > /large", new Fault.Pass());

        Assert.That((build.State, build.Class), Is.EqualTo(("errored", "service")), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain(_proxy.Host).And.Contain("its operator").And.Contain("disk is full"));
        var again = log.Split('\n').Where(line => line.EndsWith(": Retrying in 5 seconds", StringComparison.Ordinal));
        Assert.That(again, Is.Not.Empty.And.Unique, "each layer once: the daemon's own tries are enough");
        foreach (var uploads in Directory.GetDirectories(_disk.FullPath, "_uploads", SearchOption.AllDirectories))
            Directory.Delete(uploads, recursive: true); // as its operator would make room
        await NothingHalfMadeAsync(image);
    }

    private async Task<(string Image, Build Build, string Log)> BuildAsync(
        string command, Fault fault, string? from = null)
    {
        var image = $"team/unwell-{++_images}";
        var dockerfile = $"FROM {from ?? $"{_builds.Registry.Host}/library/busybox:1"}\nRUN {command} # {image}\n";
        await _builds.DefineAsync(image, ("Dockerfile", dockerfile));
        await _proxy.SetAsync(fault);
        var id = await _builds.RequestAsync(image);
        return (image, await _builds.EndOfAsync(id), await _builds.LogOfAsync(id));
    }

    private async Task NothingHalfMadeAsync(string image)
    {
        await _proxy.SetAsync(new Fault.Pass());
        await _builds.NothingIsLeftAsync();
        Assert.That(await _builds.Registry.DigestOfAsync(image, "latest"), Is.Null);
        await _builds.NextIsServedAsync();
    }
}
