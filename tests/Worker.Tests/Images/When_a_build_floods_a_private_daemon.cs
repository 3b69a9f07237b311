using System.Globalization;
using Builds.Parts;
using Builds.Worker.Images;
using Builds.Worker.Tests.Machines;

namespace Builds.Worker.Tests.Images;

/// <summary>BuildKit on a machine of our own, with output as fast as it can be made.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_a_build_floods_a_private_daemon : IAsyncDisposable
{
    private readonly TempFolder _folder = new("flood");
    private readonly MachineWorker _worker;
    private readonly Scenario _scenario = new(options: new ImageOptions
    {
        AllowedRegistries = Scenario.Loopback, Builder = BuilderChoice.BuildKit,
    });

    public When_a_build_floods_a_private_daemon() =>
        _worker = new MachineWorker(_folder.FullPath, ("Provider", "dockerd"));

    public async ValueTask DisposeAsync()
    {
        _scenario.Dispose();
        await _worker.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Should_deliver_every_line_once_and_in_order_of_each_stream_and_each_stage()
    {
        await BuildAsync(
            "FROM {os} AS one\nRUN seq 1000000\n" +
            // of nine characters with its line end: a page ends within a line
            "FROM {os} AS two\nRUN seq 20000001 20300000 >&2 & seq 30000001 30300000; wait\n" +
            "FROM {os}\nCOPY --from=one /etc /one\nCOPY --from=two /etc /two\n");

        Assert.That(Numbers(1, 1_000_000), Is.True, Ends());
        Assert.That(Numbers(20_000_001, 20_300_000), Is.True, Ends());
        Assert.That(Numbers(30_000_001, 30_300_000), Is.True, Ends());
        Assert.That(_scenario.Lines, Has.None.Contains("cut the output").And.None.Contains("stopped reporting"));
    }

    [TestCase("exit 7", "exit code 7")]
    [TestCase("sh -c 'kill -KILL $$'; exit $?", "exit code 137")]
    public async Task Should_end_with_the_code_of_the_command_after_all_that_it_printed(string ending, string said)
    {
        await Assert.ThatAsync(
            () => BuildAsync($"FROM {{os}}\nRUN seq 300000; {ending}\n"),
            Throws.TypeOf<BuildFailedException>().With.Message.Contains(said));
        Assert.That(Numbers(1, 300_000), Is.True, Ends());
        Assert.That(_scenario.Lines[^1], Does.Contain(said.Replace("code", "code:")));
    }

    [Test]
    public async Task Should_make_the_build_wait_for_whoever_is_behind()
    {
        var goOn = new TaskCompletionSource();
        var machine = await _worker.CreateAsync("b-behind-1");
        On(machine, "FROM {os}\nRUN seq 1000000; true\n");
        var bases = await _scenario.PullAsync();
        _scenario.OnLog = _ => goOn.Task;
        var building = _scenario.BuildAsync(bases);
        var (written, looks) = ("", 0);
        await Wait.UntilAsync("the command stands still", () =>
        {
            var now = Processes(machine.Name, "io").FirstOrDefault(line => line.Contains("seq 1000000")) ?? "";
            looks = now == written && now.Length > 0 ? looks + 1 : 0;
            written = now;
            return looks == 20;
        });

        goOn.SetResult();
        await building;
        Assert.That(Numbers(1, 1_000_000), Is.True, Ends());
    }

    [Test]
    public async Task Should_end_on_the_machine_too_when_cancelled_in_the_middle()
    {
        using var stop = new CancellationTokenSource();
        var text = Guid.NewGuid().ToString("N");
        _scenario.OnLog = run => run.Text.Contains(text) ? stop.CancelAsync() : Task.CompletedTask;
        var machine = await _worker.CreateAsync("b-cancelled-1");

        await Assert.ThatAsync(
            () => BuildAsync($"FROM {{os}}\nRUN yes {text}\n", machine, stop.Token),
            Throws.InstanceOf<OperationCanceledException>());

        await Wait.UntilAsync(
            "the end of whatever ran", () => !Processes(machine.Name).Any(line => line.Contains(text) || IsRunc(line)));
    }

    [Test]
    public async Task Should_let_everything_pass_while_nobody_follows()
    {
        var machine = await _worker.CreateAsync("b-unfollowed-1");
        var said = await new Machines.Docker(machine.Daemon).BuildAsync("unfollowed:1", "RUN seq 100000");
        Assert.That(said, Does.Contain("Successfully tagged unfollowed:1"));
        await Wait.UntilAsync("no process is left behind", () => !Processes(machine.Name).Any(IsRunc));
    }

    private async Task BuildAsync(string dockerfile) =>
        await BuildAsync(dockerfile, await _worker.CreateAsync("b-flood-1"));

    private Task<BuiltImage> BuildAsync(
        string dockerfile, Builds.Worker.Machines.Machine machine, CancellationToken cancel = default)
    {
        On(machine, dockerfile);
        return _scenario.BuildAsync(cancel);
    }

    private void On(Builds.Worker.Machines.Machine machine, string dockerfile)
    {
        _scenario.Daemon = machine.Daemon;
        _scenario.With("Dockerfile", dockerfile.Replace("{os}", $"{RealParts.Registry.Host}/os:1"));
    }

    /// <summary>Whether these are the numbers between the two that came, each once, in this order.</summary>
    private bool Numbers(int first, int last) =>
        _scenario.Lines
            .Select(line => int.TryParse(line, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Where(number => number >= first && number <= last)
            .SequenceEqual(Enumerable.Range(first, last - first + 1));

    private string Ends() => string.Join('\n', _scenario.Lines.TakeLast(5));

    private static bool IsRunc(string line) => line.Contains("runc", StringComparison.Ordinal);

    // Command line, and something else that is known, of every process in the machine's group.
    private static IEnumerable<string> Processes(string machine, string more = "comm") =>
        Directory.EnumerateDirectories("/proc")
            .Where(process => int.TryParse(Path.GetFileName(process), out _) && Read(process, "cgroup").Contains(machine))
            .Select(process => $"{Read(process, "cmdline").Replace('\0', ' ')} {Read(process, more)}");

    private static string Read(string process, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it ended meanwhile
        }
    }
}
