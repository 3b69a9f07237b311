namespace Builds.Flow.Tests;

public sealed class When_a_phase_takes_too_long
{
    private const int Seconds = 10;

    // Building has a test of its own, with what it prints.
    private static readonly string[] Phases = ["provisioning", "checkingOut", "pullingBases", "pushing"];

    private HeldInstallation _held = null!;

    [OneTimeSetUp]
    public async Task An_installation_with_short_limits() =>
        _held = await HeldInstallation.StartAsync(
            "dockerd",
            workers: 1,
            limits: Phases.ToDictionary(phase => $"Limits:{SettingOf(phase)}", _ => $"00:00:{Seconds}"));

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    [TestCaseSource(nameof(Phases))]
    public async Task Should_end_it_with_the_limit_to_raise_and_serve_the_next(string phase)
    {
        var id = await _held.HoldAsync(phase);

        var build = await _held.Builds.EndOfAsync(id);
        await _held.LetGoAsync(phase);

        Assert.That((build.State, build.Class), Is.EqualTo(("timedOut", "limit")), build.Json.ToString());
        Assert.That(build.Reason, Does.StartWith(
            $"{phase} took longer than its limit of {Seconds} seconds (Limits:{SettingOf(phase)})."));
        Assert.That(await _held.Outcomes.OfAsync(id), Is.EqualTo(new[] { "1 timedOut " }));
        await _held.NothingIsLeftOfAsync(id);
        await _held.Builds.NextIsServedAsync();
    }

    private static string SettingOf(string phase) => char.ToUpperInvariant(phase[0]) + phase[1..];
}
