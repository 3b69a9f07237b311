using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>As at an upgrade of one host of several: it ends what it has, and others take what comes.</summary>
public sealed class When_a_worker_is_told_to_stop
{
    private const string Phase = "checkingOut";

    private HeldInstallation _held = null!;

    [OneTimeSetUp]
    public async Task Two_workers_that_drain() =>
        _held = await HeldInstallation.StartAsync("dockerd", workers: 2, impatient: false, drainSeconds: 300);

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    [Test]
    public async Task Should_end_its_build_while_the_other_serves_what_comes()
    {
        var id = await _held.HoldAsync(Phase);
        var name = (await _held.Builds.BuildAsync(id)).Worker!;
        var leaving = _held.Builds.Workers[int.Parse(name["worker-".Length..]) - 1];

        var end = leaving.StopAsync();
        await Wait.UntilAsync($"{name} drains", () => leaving.Output.Contains("Shutting down: 1 builds have 300 s"));
        for (var i = 0; i < 3; i++) // whoever takes deliveries in turn would get one of them
        {
            var next = await _held.Builds.NextIsServedAsync();
            Assert.That((next.Worker, next.Attempt), Is.EqualTo((name == "worker-1" ? "worker-2" : "worker-1", 1)));
            Assert.That(end.IsCompleted, Is.False, $"{name} still drains when the other has served the next");
        }

        await _held.LetGoAsync(Phase);
        var build = await _held.Builds.EndOfAsync(id);
        await end;

        Assert.That(
            (build.State, build.Attempt, build.Worker), Is.EqualTo(("succeeded", 1, name)), build.Json.ToString());
        await _held.SucceedsOnceAsync(id);
    }
}
