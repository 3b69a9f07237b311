using System.Net.Http.Json;
using System.Text.Json;

namespace Builds.Flow.Tests;

[TestFixture("engine")]
[TestFixture("dockerd")]
[TestFixture("docker-machine")]
public sealed class When_an_image_is_built(string provider)
{
    private const string Dockerfile = """
        FROM {base}
        ARG GREETING=hello
        COPY greeting /greeting
        RUN echo "$GREETING from the build" && cat /greeting
        """;

    private Installation _builds = null!;

    [OneTimeSetUp]
    public async Task An_installation() => _builds = await Installation.StartAsync(new InstallationOptions { Provider = provider });

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    [Test]
    public async Task Should_take_it_from_the_trigger_to_the_registry()
    {
        var repository = await _builds.DefineAsync(
            "team/api", ("Dockerfile", Dockerfile.Replace("{base}", $"{_builds.Registry.Host}/library/busybox:1")), ("greeting", "good morning\n"));
        var commit = (await repository.GitAsync("rev-parse", "main")).Trim();

        using var trigger = await _builds.Api.PostAsync("v1/triggers", JsonContent.Create(new { image = "team/api" }));
        var url = (await trigger.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("url").GetString()!;
        using var anybody = new HttpClient();
        using var answer = await anybody.PostAsync(url, null);
        Assert.That((int)answer.StatusCode, Is.EqualTo(202));
        var accepted = await answer.Content.ReadFromJsonAsync<JsonElement>();
        var log = await anybody.GetStringAsync(accepted.GetProperty("log").GetString() + "?follow=true");
        var build = await _builds.EndOfAsync(accepted.GetProperty("id").GetGuid());

        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json + log);
        Assert.That(build.Commit, Is.EqualTo(commit));
        Assert.That(build.Digest, Is.EqualTo(await _builds.Registry.DigestOfAsync("team/api", "latest")));
        Assert.That(build.Phases, Is.EquivalentTo(new[] { "provisioning", "checkingOut", "pullingBases", "building", "pushing" }));
        Assert.That(log, Does.Contain("hello from the build").And.Contain("good morning"));
        Assert.That(log.TrimEnd().Split('\n')[^1], Does.Contain("succeeded").And.Contain(build.Digest));
        var labels = await _builds.Registry.LabelsOfAsync("team/api", "latest");
        Assert.That(labels["org.opencontainers.image.revision"], Is.EqualTo(commit));
        await _builds.NothingIsLeftAsync();
    }

    [Test]
    public async Task Should_serve_the_next_build_after_one_that_failed()
    {
        var from = $"FROM {_builds.Registry.Host}/library/busybox:1\n";
        await _builds.DefineAsync("team/broken", ("Dockerfile", from + "RUN echo about to fail && exit 7\n"));
        await _builds.DefineAsync("team/sound", ("Dockerfile", from + "RUN echo sound\n"));

        var broken = await _builds.RequestAsync("team/broken");
        var sound = await _builds.RequestAsync("team/sound");

        var failed = await _builds.EndOfAsync(broken);
        Assert.That((failed.State, failed.Class), Is.EqualTo(("failed", "author")), failed.Json.ToString());
        Assert.That(failed.Reason, Does.Contain("7"));
        Assert.That(await _builds.LogOfAsync(broken), Does.Contain("about to fail"));
        Assert.That((await _builds.EndOfAsync(sound)).State, Is.EqualTo("succeeded"));
        await _builds.NothingIsLeftAsync();
    }
}
