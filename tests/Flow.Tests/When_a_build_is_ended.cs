namespace Builds.Flow.Tests;

[TestFixture("engine")]
[TestFixture("dockerd")]
[TestFixture("docker-machine")]
public sealed class When_a_build_is_ended(string provider)
{
    private HeldInstallation _held = null!;

    [OneTimeSetUp]
    public async Task An_installation() => _held = await HeldInstallation.StartAsync(provider, workers: 1);

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    [Test]
    public async Task Should_cancel_it_in_any_phase(
        [ValueSource(typeof(HeldInstallation), nameof(HeldInstallation.Phases))] string phase)
    {
        var id = await _held.HoldAsync(phase);

        using var answer = await _held.Builds.Api.PostAsync($"v1/builds/{id}/cancel", null);
        var build = await _held.Builds.EndOfAsync(id);
        await _held.LetGoAsync(phase);

        Assert.That(build.State, Is.EqualTo("cancelled"), build.Json.ToString());
        Assert.That(await _held.Outcomes.OfAsync(id), Is.EqualTo(new[] { "1 cancelled " }));
        Assert.That(await _held.Builds.LogOfAsync(id), Does.Contain("cancelled"));
        await _held.NothingIsLeftOfAsync(id);
        await _held.Builds.NextIsServedAsync();
    }

    [Test]
    public async Task Should_give_it_back_when_the_worker_shuts_down()
    {
        var id = await _held.HoldAsync("building");

        await _held.Builds.Workers[0].StopAsync();
        await _held.LetGoAsync("building");
        await _held.Builds.Workers[0].StartAgainAsync();

        await _held.SucceedsOnceAsync(id);
    }

    [Test]
    public async Task Should_end_one_that_sleeps_for_ever()
    {
        var repository = await _held.Builds.Git.CreateRepositoryAsync("sleeper.git");
        await repository.CommitAsync(("Dockerfile", $"FROM {_held.Builds.Registry.Host}/library/busybox:1\nRUN sleep 100000\n"));
        await using var portus = await Publisher.ConnectAsync(_held.Builds.Broker);

        var id = Guid.NewGuid();
        await portus.SendAsync($$"""
            {"buildId":"{{id}}","image":{"repository":"team/sleeper"},"tags":["latest"],"requestedAt":"2026-01-01T00:00:00Z",
             "source":{"git":"{{_held.Builds.Git.UrlOf(repository)}}","ref":"main"},"timeoutSeconds":5}
            """);
        var build = await _held.Builds.EndOfAsync(id);

        Assert.That((build.State, build.Class), Is.EqualTo(("timedOut", "limit")), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain("5 seconds"));
        await _held.NothingIsLeftOfAsync(id);
    }
}
