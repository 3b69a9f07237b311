namespace Builds.Flow.Tests;

/// <summary>It holds its connections and its daemon goes on: only the claim tells that another builds by now.</summary>
public sealed class When_a_worker_is_frozen
{
    private HeldInstallation _held = null!;

    [OneTimeSetUp]
    public async Task An_installation() => _held = await HeldInstallation.StartAsync("dockerd", workers: 1);

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    [TestCase("building")]
    [TestCase("pushing")]
    public async Task Should_have_no_say_any_more_when_it_wakes(string phase)
    {
        var id = await _held.HoldAsync(phase);
        var frozen = _held.Builds.Workers[^1];

        await frozen.FreezeAsync();
        await _held.Builds.AddWorkerAsync();
        await _held.Builds.UntilAsync(id, "is another's", build => build.Attempt == 2);
        await _held.LetGoAsync(phase);
        var build = await _held.Builds.EndOfAsync(id);
        await frozen.WakeAsync();

        Assert.That(build.Attempt, Is.EqualTo(2));
        await _held.SucceedsOnceAsync(id);
        await frozen.StopAsync(); // ends only when it has nothing more to say
        await _held.SucceedsOnceAsync(id);
    }
}
