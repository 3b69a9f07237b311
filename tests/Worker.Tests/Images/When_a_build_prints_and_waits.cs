using System.Diagnostics;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_a_build_prints_and_waits
{
    private static string Os => $"{RealParts.Registry.Host}/os:1";

    [TestCase(BuilderChoice.BuildKit)]
    [TestCase(BuilderChoice.Classic)]
    public async Task Should_hand_on_a_million_lines_each_once_and_in_order(BuilderChoice builder)
    {
        // In portions, as real commands print: all at once is more than the BuildKit of Docker 20.10 always bears.
        using var scenario = new Scenario(options: new ImageOptions { AllowedRegistries = Scenario.Loopback, Builder = builder })
            .With("Dockerfile",
                $"FROM {Os}\nRUN for n in $(seq 0 99); do seq $((n * 10000 + 1)) $((n * 10000 + 10000)); " +
                "sleep 0.02; done\n");
        scenario.Request = scenario.Request with { NoCache = true };
        await scenario.BuildAsync();

        var numbers = scenario.Lines.Where(line => int.TryParse(line, out _)).Select(int.Parse).ToList();
        Assert.That(numbers.SequenceEqual(Enumerable.Range(1, 1_000_000)),
            string.Join('\n', scenario.Lines.TakeLast(5)));
    }

    [Test]
    public async Task Should_say_that_the_daemon_has_cut_the_output()
    {
        await using var clipping = await DockerDaemon.StartAsync(new DockerDaemonOptions { Unclipped = false });
        using var scenario = new Scenario(clipping).With("Dockerfile", $"FROM {Os}\nRUN seq 1 1000000\n");
        await scenario.BuildAsync();
        Assert.That(scenario.Lines[^2], Does.Contain("has cut the output of").And.Contain("RUN seq 1 1000000")
            .And.Contain("BUILDKIT_STEP_LOG_MAX_SPEED"));
    }

    [Test]
    public async Task Should_bear_one_very_long_line()
    {
        using var scenario = new Scenario()
            .With("Dockerfile",
            $"FROM {Os}\nRUN for n in $(seq 100); do head -c 100000 /dev/zero | tr '\\0' x; sleep 0.02; done; " +
            "echo; echo end\n");
        scenario.Request = scenario.Request with { NoCache = true };
        await scenario.BuildAsync();
        Assert.That(scenario.Lines, Has.One.EqualTo("end"));
    }

    [Test]
    public async Task Should_end_on_the_daemon_too_when_cancelled()
    {
        var seconds = Random.Shared.Next(100_000, 999_999);
        using var scenario = new Scenario().With("Dockerfile", $"FROM {Os}\nRUN echo asleep; exec sleep {seconds}\n");
        using var stop = new CancellationTokenSource();
        scenario.OnLog = run => run.Text.Any(text => text.TrimEnd() == "asleep") ? stop.CancelAsync()
            : Task.CompletedTask;

        await Assert.ThatAsync(() => scenario.BuildAsync(stop.Token), Throws.InstanceOf<OperationCanceledException>());
        await Wait.UntilAsync("the end of the sleep", () => !Running($"sleep {seconds}"));
    }

    [Test]
    public async Task Should_blame_the_machine_when_its_daemon_is_lost()
    {
        await using var daemon = await DockerDaemon.StartAsync();
        using var scenario = new Scenario(daemon)
            .With("Dockerfile", $"FROM {Os}\nRUN echo asleep; exec sleep 100000\n");
        scenario.OnLog = run => run.Text.Any(text => text.TrimEnd() == "asleep") ? daemon.KillAsync()
            : Task.CompletedTask;
        await Assert.ThatAsync(() => scenario.BuildAsync(),
            Throws.TypeOf<DaemonFaultException>().With.Message.Contains("docker.sock"));
    }

    private static bool Running(string command) =>
        Process.GetProcesses().Any(process => CommandLine(process.Id).EndsWith(command, StringComparison.Ordinal));

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ').TrimEnd();
        }
        catch (IOException)
        {
            return ""; // it ended meanwhile
        }
    }
}
