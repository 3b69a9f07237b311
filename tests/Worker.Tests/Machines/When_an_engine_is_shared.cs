using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Machines;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_an_engine_is_shared : IAsyncDisposable
{
    private readonly TempFolder _folder = new("engine");
    private DockerDaemon _daemon = null!;

    private Docker Docker => new(new DaemonEndpoint(_daemon.Socket, null));

    [SetUp]
    public async Task StartAsync() => _daemon = await DockerDaemon.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        _folder.Dispose();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_have_after_a_build_what_it_had_before(bool buildKit)
    {
        await Docker.BuildAsync("here:1", buildKit: buildKit);
        await Docker.RunAsync("tag", "here:1", "moved:1");
        await Docker.BuildAsync("nameless:1", "ENV X=nameless", buildKit);
        await Docker.BuildAsync("nameless:1", "ENV X=other", buildKit); // leaves the first one without a name
        await Docker.RunAsync("run", "-d", "--name", "running", "here:1", "sh", "-c", "sleep 100000");
        var before = await StateAsync();
        await using var worker = Worker();
        var machine = await worker.CreateAsync("b-engine-1");

        await Docker.BuildAsync("moved:1", "ENV X=new", buildKit);
        await Docker.BuildAsync("added:1", "RUN echo added > /x", buildKit);
        await Docker.BuildAsync("added:1", "ENV X=again", buildKit);
        await Docker.RunAsync("tag", "here:1", "added/name:1");
        var nameless = (await Docker.RunAsync("images", "-q", "--filter", "dangling=true")).Split('\n')[^1];
        await Docker.RunAsync("tag", nameless, "named/now:1");
        await Docker.RunAsync("run", "--name", "ended", "added:1", "sh", "-c", "true");
        await machine.DisposeAsync();

        Assert.That(await StateAsync(), Is.EqualTo(before));
        Assert.That(worker.Logged, Is.Empty);
        await Docker.RunAsync("rm", "--force", "running"); // it would outlive its daemon
    }

    [Test]
    public async Task Should_have_it_even_when_the_worker_was_killed()
    {
        await Docker.BuildAsync("here:1");
        var before = await StateAsync();
        await using (var held = await HeldWorker.StartAsync(_folder.FullPath, "b-engine-2", "ready", Settings))
        {
            await Docker.BuildAsync("here:1", "ENV X=new");
            await Docker.BuildAsync("added:1", "RUN echo added > /x");
            await held.KillAsync();
        }

        await using var worker = Worker();
        var next = await worker.CreateAsync("b-engine-3"); // does not take what is left there for what was there
        Assert.That(await StateAsync(), Is.EqualTo(before));
        await next.DisposeAsync();
    }

    [Test]
    public async Task Should_serve_one_build_at_a_time_in_one_worker_and_in_two()
    {
        await using var worker = Worker();
        await using var other = Worker("other");
        var first = await worker.CreateAsync("b-one-1");
        var second = worker.CreateAsync("b-one-2");
        var third = other.CreateAsync("b-one-3");
        await Wait.UntilAsync("word that they wait", () => worker.Said.Any(IsWaiting) && other.Said.Any(IsWaiting));
        Assert.That(second.IsCompleted || third.IsCompleted, Is.False);

        await first.DisposeAsync();
        var next = await Task.WhenAny(second, third).WaitAsync(Wait.Generous);
        Assert.That(second.IsCompleted && third.IsCompleted, Is.False);
        await (await next).DisposeAsync();
        await (await (next == second ? third : second).WaitAsync(Wait.Generous)).DisposeAsync();
    }

    [Test]
    public async Task Should_say_where_it_looked_for_the_daemon()
    {
        await using var worker = new MachineWorker(
            _folder.FullPath, ("Provider", "engine"), ("Engine:Address", "unix:///nowhere/docker.sock"), ("ReadySeconds", "1"), ("MoreTries", "0"));

        var error = await Assert.ThrowsAsync<TimeoutException>(() => worker.CreateAsync("b-nowhere-1"));

        Assert.That(error!.Message, Does.Contain("unix:///nowhere/docker.sock"));
    }

    private (string Name, string Value)[] Settings =>
    [
        ("Provider", "engine"), ("Engine:Address", _daemon.Socket.ToString()), ("Engine:LockFolder", _folder.Folder("locks")),
    ];

    private static bool IsWaiting(string line) => line.StartsWith("Waiting", StringComparison.Ordinal);

    private MachineWorker Worker(string name = "worker") =>
        new(name == "worker" ? _folder.FullPath : _folder.Folder(name), Settings);

    private async Task<string[]> StateAsync()
    {
        var images = await Docker.RunAsync("images", "-a", "--digests", "--no-trunc", "--format", "{{.ID}} {{.Repository}} {{.Tag}} {{.Digest}}");
        var containers = await Docker.RunAsync("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}}");
        var volumes = await Docker.RunAsync("volume", "ls", "-q");
        return [.. images.Split('\n').Order(), .. containers.Split('\n').Order(), .. volumes.Split('\n').Order()];
    }
}
