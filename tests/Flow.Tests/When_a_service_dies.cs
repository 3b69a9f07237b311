namespace Builds.Flow.Tests;

[TestFixture("engine")]
[TestFixture("dockerd")]
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
}
