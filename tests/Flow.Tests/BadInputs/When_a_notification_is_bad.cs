using Builds.Flow.Tests.ByHand;

namespace Builds.Flow.Tests.BadInputs;

/// <summary>From the Gateway's door to the graph: the next push has its effect, whatever came before it.</summary>
public sealed class When_a_notification_is_bad : IDisposable
{
    private readonly TagsOnDisk _tags = new();
    private Installation _builds = null!;
    private Known _known = null!;

    [OneTimeSetUp]
    public async Task An_installation_without_workers()
    {
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            Workers = 0,
            Graph = true,
            Registry = _tags.Options,
            GraphTrackerSettings = new Dictionary<string, string> { ["Cascades:SettleSeconds"] = "0" },
        });
        _known = new Known(_builds);
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    public void Dispose() => _tags.Dispose();

    [Test]
    public async Task Should_not_hear_one_with_a_wrong_secret()
    {
        var push = await SilentPushAsync("secret/os");
        Assert.That(await _builds.NotifyAsync(Notifications.Of(push), secret: "wrong"), Is.EqualTo(401));
        await _known.HasDecidedAsync();
        Assert.That(await _known.IsKnownAsync("secret/os:silent"), Is.False);

        Assert.That(await _builds.NotifyAsync(Notifications.Of(push)), Is.EqualTo(202), "it is not taken for known");
        await _known.HasHeardOfAsync("secret/os:silent");
    }

    [Test]
    public async Task Should_not_hear_of_a_media_type_that_nobody_knows()
    {
        await SilentPushAsync("strange/os");
        foreach (var mediaType in new[] { "application/vnd.example.unheard+json", "application/octet-stream", "" })
        {
            var push = Notifications.Push("strange/os", "silent", mediaType);
            Assert.That(await _builds.NotifyAsync(Notifications.Of(push)), Is.EqualTo(202), mediaType);
        }

        await _known.HasDecidedAsync();
        Assert.That(await _known.IsKnownAsync("strange/os:silent"), Is.False);
    }

    [TestCase("{\"events\":[")]
    [TestCase("this is no JSON")]
    [TestCase("")]
    public async Task Should_take_one_that_is_not_JSON_for_ever_out_of_the_way(string body)
    {
        Assert.That(await _builds.NotifyAsync(body), Is.EqualTo(202), "else it would be repeated, and all others wait");
        await _known.HasDecidedAsync();
    }

    [Test]
    public async Task Should_hear_the_next_after_ten_thousand_at_once()
    {
        await SilentPushAsync("many/os");
        var events = Enumerable.Range(0, 10_000).Select(number => Notifications.Push("many/os", $"absent-{number % 100}"));

        Assert.That(await _builds.NotifyAsync(Notifications.Of(events)), Is.EqualTo(202));
        await _known.HasDecidedAsync();
    }

    [Test]
    public async Task Should_hear_the_next_after_one_whose_repository_is_gone_when_it_is_read()
    {
        await _builds.GraphTracker!.StopAsync();
        var digest = await PushAsync("gone/os:latest");
        await _builds.Registry.DeleteAsync("gone/os", digest);
        Assert.That(await _builds.NotifyAsync(Notifications.Of(Notifications.Push("never/was", "latest"))), Is.EqualTo(202));
        await _builds.GraphTracker.StartAgainAsync();

        await _known.HasDecidedAsync();
        foreach (var image in new[] { "gone/os:latest", "never/was:latest" })
            Assert.That(await _known.IsKnownAsync(image), Is.False, image);
    }

    // The registry has it, and has told nobody.
    private async Task<object> SilentPushAsync(string repository)
    {
        await PushAsync($"{repository}:latest");
        _tags.Add(repository, "silent", same: "latest");
        return Notifications.Push(repository, "silent");
    }

    private async Task<string> PushAsync(string image) =>
        await (await StackedImage.ShellAsync(image)).PutAsync(_builds.Registry, image);
}
