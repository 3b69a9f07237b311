using Builds.Parts;

namespace Builds.Flow.Tests;

public sealed class When_a_build_is_beyond_a_limit
{
    private Installation _builds = null!;

    [OneTimeSetUp]
    public async Task An_installation_with_short_limits() =>
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            Provider = "dockerd",
            WorkerSettings = new Dictionary<string, string>
            {
                ["BuildLog:Silence"] = "00:00:10",
                ["Limits:Building"] = "00:00:40",
            },
        });

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    [TestCase("silent", "echo now; sleep 100000", "Nothing was printed for 10 seconds.")]
    [TestCase("slow", "while true; do echo tick; sleep 1; done",
        "building took longer than its limit of 40 seconds (Limits:Building). The end of the log tells how far it came.")]
    public async Task Should_end_it_with_the_reason_and_serve_the_next(string name, string command, string reason)
    {
        await _builds.DefineAsync($"team/{name}", Dockerfile(command));
        await _builds.DefineAsync($"team/{name}-next", Dockerfile("echo fine"));

        var id = await _builds.RequestAsync($"team/{name}");
        var build = await _builds.EndOfAsync(id);
        var next = await _builds.EndOfAsync(await _builds.RequestAsync($"team/{name}-next"));

        Assert.That((build.State, build.Class, build.Reason), Is.EqualTo(("timedOut", "limit", reason)), build.Json.ToString());
        Assert.That(build.Phases[^1], Is.EqualTo("building"));
        Assert.That(await _builds.LogOfAsync(id), Does.Contain(reason));
        Assert.That(next.State, Is.EqualTo("succeeded"), next.Json.ToString());
        await _builds.NothingIsLeftAsync();
    }

    private (string Path, GitFile File) Dockerfile(string command) =>
        ("Dockerfile", $"FROM {_builds.Registry.Host}/library/busybox:1\nRUN {command}\n");
}
