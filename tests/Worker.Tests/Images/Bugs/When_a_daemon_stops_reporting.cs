using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images.Bugs;

/// <summary>As that of Docker 20.10 does when very much is printed at once: its answer never came to an end.</summary>
[Parallelizable]
public sealed class When_a_daemon_stops_reporting
{
    [TestCase("true", null)]
    [TestCase("exit 7", "A step failed after the daemon had stopped reporting")]
    public async Task Should_wait_for_the_end_of_the_build_and_say_what_is_missing(string ending, string? said)
    {
        var port = FreePort.Next();
        await using var daemon = await DockerDaemon.StartAsync(
            new DockerDaemonOptions { Arguments = ["--host", $"tcp://127.0.0.1:{port}", "--tls=false"] });
        await using var proxy = FaultProxy.Before(port);
        using var scenario = new Scenario(daemon)
            .With("Dockerfile", $"FROM {RealParts.Registry.Host}/os:1\nRUN seq 1 3000000; sleep 2; {ending}\n");
        scenario.Daemon = new DaemonEndpoint(new Uri($"tcp://{proxy.Host}"), null);
        var bases = await scenario.PullAsync();
        await proxy.SetAsync(new Fault.Slow(2_000_000));

        var building = scenario.BuildAsync(bases);
        if (said is null)
            Assert.That((await building).Id, Does.StartWith("sha256:"));
        else
            await Assert.ThatAsync(() => building, Throws.TypeOf<BuildFailedException>().With.Message.Contains(said));
        Assert.That(scenario.Lines, Has.Some.Contains("The daemon has stopped reporting"));
    }
}
