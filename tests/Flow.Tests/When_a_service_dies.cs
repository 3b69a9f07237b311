namespace Builds.Flow.Tests;

[TestFixture("engine")]
[TestFixture("dockerd")]
[TestFixture("docker-machine")]
public sealed class When_a_service_dies(string provider)
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
    public async Task Should_build_again_what_a_killed_worker_had(
        [ValueSource(typeof(HeldInstallation), nameof(HeldInstallation.Phases))] string phase)
    {
        var id = await _held.HoldAsync(phase);

        await _held.Builds.Workers[0].KillAsync();
        await _held.LetGoAsync(phase);
        await _held.Builds.Workers[0].StartAgainAsync();

        await _held.SucceedsOnceAsync(id);
    }

    [Test]
    public async Task Should_go_on_while_the_Gateway_is_away(
        [ValueSource(typeof(HeldInstallation), nameof(HeldInstallation.Phases))] string phase)
    {
        var id = await _held.HoldAsync(phase);

        await _held.Builds.Gateway.KillAsync();
        await _held.LetGoAsync(phase);
        await _held.Builds.Gateway.StartAgainAsync();

        await _held.SucceedsOnceAsync(id);
        Assert.That((await _held.Builds.BuildAsync(id)).Attempt, Is.EqualTo(1));
    }

    [Test]
    public async Task Should_go_on_while_the_broker_is_away(
        [ValueSource(typeof(HeldInstallation), nameof(HeldInstallation.Phases))] string phase)
    {
        var id = await _held.HoldAsync(phase);

        await _held.Builds.Broker.KillAsync();
        await _held.LetGoAsync(phase);
        await _held.Builds.Broker.StartAgainAsync();

        await _held.SucceedsOnceAsync(id);
        Assert.That((await _held.Builds.BuildAsync(id)).Attempt, Is.EqualTo(1));
    }

    [Test]
    public async Task Should_build_what_a_Gateway_accepted_before_it_died()
    {
        var image = $"team/kept-{provider}";
        await _held.Builds.DefineAsync(
            image, ("Dockerfile", $"FROM {_held.Builds.Registry.Host}/library/busybox:1\nRUN echo kept\n"));

        await _held.Builds.Broker.StopAsync();
        var id = await _held.Builds.RequestAsync(image);
        await _held.Builds.Gateway.KillAsync();
        await _held.Builds.Gateway.StartAgainAsync("/healthz");
        await _held.Builds.Broker.StartAgainAsync();

        var build = await _held.Builds.EndOfAsync(id);
        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json.ToString());
        Assert.That(await _held.Builds.Registry.DigestOfAsync(image, "latest"), Is.EqualTo(build.Digest));
    }
}
