using System.Net;
using Builds.Parts;

namespace Builds.Worker.Tests.Machines;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_a_private_daemon_is_the_machine : IAsyncDisposable
{
    private readonly TempFolder _folder = new("machines");
    private readonly MachineWorker _worker;

    public When_a_private_daemon_is_the_machine() =>
        _worker = new MachineWorker(_folder.FullPath, ("Provider", "dockerd"));

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        _folder.Dispose();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_serve_a_build_and_be_gone_without_a_trace(bool buildKit)
    {
        var machine = await _worker.CreateAsync("b-trace-1");
        var bridge = Traces.BridgeOf(_folder.FullPath, machine.Name);
        var docker = new Docker(machine.Daemon);

        var said = await docker.BuildAsync("made:1", "RUN ping -c 1 -W 5 $(ip route | awk '/default/ {print $3}')", buildKit);
        Assert.That(said, Does.Contain("Successfully tagged made:1").And.Not.Contain("errorDetail"));
        await docker.RunAsync("run", "-d", "made:1", "sh", "-c", "sleep 100000");
        Assert.That(await Traces.OfAsync(machine.Name, bridge), Is.Not.Empty, "or the test looks in the wrong places");

        await machine.DisposeAsync();

        await Traces.NoneAsync(machine.Name, bridge, _folder.FullPath);
        Assert.That(Directory.GetDirectories(Path.Combine(_folder.FullPath, "machines")), Is.Empty);
        Assert.That(_worker.Logged, Is.Empty.Or.All.Contains("ip_forward"));
    }

    [Test]
    public async Task Should_add_no_word_of_its_own_to_what_a_RUN_prints()
    {
        await using var machine = await _worker.CreateAsync("b-paced-1");
        var script = Path.Combine(_folder.FullPath, "machines", machine.Name, "paced", "programs", "runc");

        var said = await Command.RunAsync("sh", "-c", "perl -wc \"$1\" 2>&1", "sh", script);

        Assert.That(said.Trim(), Is.EqualTo($"{script} syntax OK"), "a warning of perl's goes into the log");
    }

    [Test]
    public async Task Should_not_answer_without_its_certificate_nor_to_that_of_another_machine()
    {
        await using var one = await _worker.CreateAsync("b-tls-1");
        await using var other = await _worker.CreateAsync("b-tls-2");

        var strange = new Docker(one.Daemon with { Certificates = other.Daemon.Certificates });
        await Assert.ThrowsAsync<PartException>(() => strange.RunAsync("version"));
        await Assert.ThrowsAsync<PartException>(
            () => Command.RunAsync("curl", "-sSk", "--max-time", "20", $"https://{one.Daemon.Address.Authority}/version"));
        Assert.That(await new Docker(one.Daemon).RunAsync("version"), Does.Contain("Server"));
    }

    [Test]
    public async Task Should_trust_the_authorities_that_are_configured_and_no_others()
    {
        await using var outside = await Outside.CreateAsync();
        await using var registry = await Registry.StartAsync(
            new RegistryOptions { Tls = true, Address = IPAddress.Parse(outside.HostAddress) }); // of one on loopback Docker asks no certificate
        await registry.PushBaseAsync("os", "1");
        var folder = _folder.Folder("authorities");
        File.Copy(registry.CaFile!, Path.Combine(folder, "ca.pem"));
        await using var trusting = new MachineWorker(
            _folder.Folder("two"), ("Provider", "dockerd"), ("Dockerd:CertificateFolders:0", folder));
        await using var machine = await trusting.CreateAsync("b-trust-1");
        await using var other = await _worker.CreateAsync("b-trust-2");

        var docker = new Docker(machine.Daemon);
        await docker.RunAsync("pull", $"{registry.Host}/os:1");
        await docker.RunAsync("tag", $"{registry.Host}/os:1", $"{registry.Host}/os:2");
        await docker.RunAsync("push", $"{registry.Host}/os:2");
        var refused = await Assert.ThrowsAsync<PartException>(
            () => new Docker(other.Daemon).RunAsync("pull", $"{registry.Host}/os:1"));

        Assert.That(await registry.DigestOfAsync("os", "2"), Is.Not.Null);
        Assert.That(refused!.Message, Does.Contain("x509"));
    }

    [Test]
    public async Task Should_stand_beside_others_and_beside_a_daemon_of_somebody_else()
    {
        await using var stranger = await DockerDaemon.StartAsync();
        var strange = new Docker(new Builds.Worker.Images.DaemonEndpoint(stranger.Socket, null));
        var machines = await Task.WhenAll(_worker.CreateAsync("b-side-1"), _worker.CreateAsync("b-side-2"));
        var bridges = machines.Select(machine => Traces.BridgeOf(_folder.FullPath, machine.Name)).ToList();
        Assert.That(bridges, Is.Unique);

        var ping = "RUN ping -c 1 -W 5 $(ip route | awk '/default/ {print $3}')";
        var built = await Task.WhenAll(machines.Select(machine => new Docker(machine.Daemon).BuildAsync("side:1", ping)));
        Assert.That(built, Has.All.Contain("Successfully tagged side:1"));
        foreach (var machine in machines)
            await machine.DisposeAsync();

        Assert.That(await strange.BuildAsync("strange:1", ping), Does.Contain("Successfully tagged strange:1"));
        await Traces.NoneAsync([.. machines.Select(machine => machine.Name), .. bridges]);
    }

    [Test]
    public async Task Should_let_RUN_reach_what_the_host_reaches()
    {
        await using var outside = await Outside.CreateAsync();
        await using var machine = await _worker.CreateAsync("b-egress-1");

        var said = await new Docker(machine.Daemon).BuildAsync("egress:1", $"RUN ping -c 1 -W 5 {outside.Address}", buildKit: false);

        Assert.That(said, Does.Contain("1 packets received").And.Contain("Successfully tagged"));
    }

    [Test]
    public async Task Should_not_clip_what_a_build_prints()
    {
        await using var machine = await _worker.CreateAsync("b-clip-1");
        var said = await new Docker(machine.Daemon).BuildAsync("clip:1", "RUN seq 600000");
        Assert.That(said, Does.Contain("Successfully tagged").And.Length.GreaterThan(4_000_000));
    }

    [Test]
    public async Task Should_tell_the_operator_what_its_daemon_said_when_it_does_not_start()
    {
        await using var worker = new MachineWorker(
            _folder.Folder("other"), ("Provider", "dockerd"), ("Dockerd:Arguments:0", "--no-such-flag"), ("MoreTries", "1"));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => worker.CreateAsync("b-broken-1"));

        Assert.That(error!.Message, Does.Contain("unknown flag: --no-such-flag"));
        Assert.That(worker.Said, Has.Some.Contain("trying another one"));
        await worker.Machines.SettleAsync(CancellationToken.None);
        await Traces.NoneAsync("b-broken-1", worker.Folder);
    }

    [Test]
    public async Task Should_keep_off_a_subnet_that_something_on_the_host_uses()
    {
        var bridge = await Bridge.CreateAsync();
        try
        {
            await using var worker = new MachineWorker(
                _folder.Folder("other"), ("Provider", "dockerd"), ("MoreTries", "0"),
                ("Dockerd:Subnets", bridge.Gateway[..^1] + "0/24"));

            var error = await Assert.ThrowsAsync<InvalidOperationException>(() => worker.CreateAsync("b-taken-1"));

            Assert.That(error!.Message, Does.Contain("set Machines:Dockerd:Subnets"));
        }
        finally
        {
            await Command.RunAsync("ip", "link", "delete", bridge.Name);
        }
    }

    [Test]
    public async Task Should_leave_nothing_when_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var creating = _worker.Machines.CreateAsync(
            "b-cancel-1", Guid.NewGuid(), 1,
            async line =>
            {
                if (line.StartsWith("Starting", StringComparison.Ordinal))
                    await cancel.CancelAsync();
            },
            cancel.Token);

        await Assert.ThrowsAsync(Is.InstanceOf<OperationCanceledException>(), () => creating);

        await _worker.Machines.SettleAsync(CancellationToken.None);
        await Traces.NoneAsync("b-cancel-1");
        Assert.That(Directory.GetDirectories(Path.Combine(_folder.FullPath, "machines")), Is.Empty);
    }
}
