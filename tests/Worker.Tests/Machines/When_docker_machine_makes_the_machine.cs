using Builds.Parts;

namespace Builds.Worker.Tests.Machines;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_docker_machine_makes_the_machine : IAsyncDisposable
{
    private readonly FakeCloud _cloud = new();
    private MachineWorker? _worker;

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
            await _worker.DisposeAsync();
        await _cloud.DisposeAsync();
    }

    [Test]
    public async Task Should_serve_a_build_on_a_VM_and_leave_neither_VM_nor_store()
    {
        _worker = _cloud.Worker();
        var machine = await _worker.CreateAsync("b-vm-1");
        Assert.That(_worker.Said, Does.Contain("Creating machine...").And.Contain("Docker is up and running!"));

        Assert.That(await new Docker(machine.Daemon).BuildAsync("vm:1"), Does.Contain("Successfully tagged vm:1"));
        Assert.That(
            await Traces.OfAsync(_cloud.VMs().Single()),
            Has.Some.Contains("BUILDKIT_STEP_LOG_MAX_SIZE=2147483647").And.Some.Contains("BUILDKIT_STEP_LOG_MAX_SPEED=2147483647"));
        await machine.DisposeAsync();

        Assert.That(_cloud.VMs(), Is.Empty);
        Assert.That(_cloud.Machines(), Is.Empty);
        await Traces.NoneAsync(_cloud.FullPath);
        Assert.That(_worker.Logged, Is.Empty);
    }

    [TestCase("fails-after-vm", "exit status 255")]
    [TestCase("pre-create", "Machines:DockerMachine:CreateOptions are right")]
    [TestCase("pre-create", "the quota of 0 VMs is used up")]
    [TestCase("does-nothing", "ended with 0 and made nothing")]
    [TestCase("stranger", "did not answer within 3 s")]
    public async Task Should_say_why_there_is_no_machine_and_leave_nothing(string fault, string reason)
    {
        _worker = _cloud.Worker(fault, ("ReadySeconds", "3"));

        var error = await Assert.ThrowsAsync(Is.InstanceOf<Exception>(), () => _worker.CreateAsync("b-fault-1"));

        Assert.That(error!.Message, Does.Contain(reason));
        await _worker.SweptAsync();
        Assert.That(_cloud.VMs(), Is.Empty);
    }

    [TestCase("rm-lies")]
    [TestCase("rm-fails=2")]
    [TestCase("corrupt")]
    public async Task Should_look_instead_of_believing_rm_and_go_on_until_the_VM_is_gone(string fault)
    {
        _worker = _cloud.Worker(fault);
        var machine = await _worker.CreateAsync("b-rm-1");
        await machine.DisposeAsync();
        var left = _cloud.VMs();
        Assert.That(left, fault == "corrupt" ? Is.Empty : Is.Not.Empty);

        await _worker.SweptAsync();

        Assert.That(_cloud.VMs(), Is.Empty);
        Assert.That(_worker.Logged, Has.Some.Contains("b-rm-1"));
    }

    [Test]
    public async Task Should_raise_an_alarm_that_names_the_machine_and_the_reason_when_removal_keeps_failing()
    {
        _worker = _cloud.Worker("rm-fails=4", ("LongestSweepPauseSeconds", "1"));
        await (await _worker.CreateAsync("b-alarm-1")).DisposeAsync();

        await _worker.SweptAsync();

        Assert.That(
            _worker.Logged,
            Has.Some.StartsWith("Error: Machine b-alarm-1").And.Some.Contains("3 tries").And.Some.Contains("RequestLimitExceeded"));
    }

    [Test]
    public async Task Should_let_a_cancelled_creation_end_before_the_VM_is_removed()
    {
        _worker = _cloud.Worker("slow=2");
        using var cancel = new CancellationTokenSource();
        var creating = _worker.CreateAsync("b-cancel-1", cancel.Token);
        await Wait.UntilAsync("the VM's order", () => _cloud.VMs().Length == 1);

        await cancel.CancelAsync();
        await Assert.ThrowsAsync(Is.InstanceOf<OperationCanceledException>(), () => creating);
        Assert.That(_cloud.Machines(), Is.Not.Empty, "it does not wait for the end of the creation");

        await _worker.Machines.SettleAsync(CancellationToken.None);
        Assert.That(_cloud.VMs(), Is.Empty, "killed while it did not know the VM's id, it would have left it for ever");
        Assert.That(_cloud.Machines(), Is.Empty);
    }

    [Test]
    public async Task Should_end_a_creation_that_takes_longer_than_it_may()
    {
        _worker = _cloud.Worker("hangs", ("CreateSeconds", "5"), ("ReadySeconds", "1"));

        var error = await Assert.ThrowsAsync<TimeoutException>(() => _worker.CreateAsync("b-hangs-1"));

        Assert.That(error!.Message, Does.Contain("Machines:CreateSeconds"));
        await _worker.SweptAsync();
        Assert.That(_cloud.VMs(), Is.Empty);
    }

    [Test]
    public async Task Should_try_another_machine_when_one_cannot_be_made()
    {
        _worker = _cloud.Worker("fails-after-vm", ("MoreTries", "2"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => _worker.CreateAsync("b-again-1"));

        Assert.That(_cloud.Ordered, Is.EqualTo(3));
        await _worker.SweptAsync();
        Assert.That(_cloud.VMs(), Is.Empty);
    }

    [Test]
    public async Task Should_refuse_to_start_without_what_it_needs()
    {
        await using var worker = new MachineWorker(
            _cloud.FullPath, ("Provider", "docker-machine"), ("DockerMachine:Binary", "/nowhere/docker-machine"));

        var error = await Assert.ThrowsAsync(Is.InstanceOf<Exception>(), worker.StartAsync);

        Assert.That(error!.Message, Does.Contain("Machines:DockerMachine:Driver is not set"));
    }
}
