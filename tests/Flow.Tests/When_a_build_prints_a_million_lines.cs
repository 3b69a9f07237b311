namespace Builds.Flow.Tests;

public sealed class When_a_build_prints_a_million_lines
{
    private Installation _builds = null!;

    [OneTimeSetUp]
    public async Task An_installation() =>
        _builds = await Installation.StartAsync(new InstallationOptions { Provider = "dockerd" });

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    /// <summary>One by one, and as fast as it can: the worst case of both.</summary>
    [Test]
    public async Task Should_show_each_once_and_in_order_to_whoever_follows()
    {
        await _builds.DefineAsync("team/million", ("Dockerfile", $$"""
            FROM {{_builds.Registry.Host}}/library/busybox:1
            RUN awk 'BEGIN { for (i = 1; i <= 1000000; i++) print i }'

            """));

        var id = await _builds.RequestAsync("team/million");
        var log = await _builds.LogOfAsync(id); // from the first line to the last, while they come

        Assert.That((await _builds.EndOfAsync(id)).State, Is.EqualTo("succeeded"));
        Assert.That(
            log.Split('\n').Where(line => int.TryParse(line, out _)).Select(int.Parse)
                .SequenceEqual(Enumerable.Range(1, 1_000_000)),
            "each line once and in order");
        await _builds.NothingIsLeftAsync();
    }
}
