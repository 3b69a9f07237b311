using System.Diagnostics;

namespace Builds.Flow.Tests;

/// <summary>At the settings that an installation has: a claim is dead after a minute.</summary>
public sealed class When_a_worker_sleeps_for_two_minutes
{
    private static readonly TimeSpan Sleep = TimeSpan.FromMinutes(2);

    private HeldInstallation _held = null!;

    [OneTimeSetUp]
    public async Task An_installation() => _held = await HeldInstallation.StartAsync("dockerd", workers: 1, impatient: false);

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    [Test]
    public async Task Should_have_lost_its_build_to_another_and_leave_the_tag_to_that()
    {
        var id = await _held.HoldAsync("pushing");
        var sleeper = _held.Builds.Workers[0];
        await _held.Builds.AddWorkerAsync();

        var asleep = Stopwatch.StartNew();
        await sleeper.FreezeAsync();
        await _held.Builds.UntilAsync(id, "is another's", build => build.Attempt == 2);
        await _held.LetGoAsync("pushing");
        var build = await _held.Builds.EndOfAsync(id);
        if (Sleep - asleep.Elapsed is { Ticks: > 0 } rest)
            await Task.Delay(rest); // the two minutes are the case
        await sleeper.WakeAsync();

        Assert.That((build.State, build.Attempt), Is.EqualTo(("succeeded", 2)), build.Json.ToString());
        await _held.SucceedsOnceAsync(id);
        await sleeper.StopAsync(); // ends only when it has nothing more to say
        await _held.SucceedsOnceAsync(id);
    }
}
