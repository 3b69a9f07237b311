using System.Net;
using System.Xml.Linq;
using Builds.Contracts;
using Builds.Gateway.Tests.Following;

namespace Builds.Gateway.Tests.Flagging;

public sealed class When_a_badge_is_shown
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_follow_the_image()
    {
        const string badge = "badges/badged/api.svg";
        var build = await LedBuild.BeginAsync(_gateway, "badged/api", "one");
        Assert.That(await StateAsync(badge), Is.EqualTo("building"));
        await build.ConcludeAsync(BuildOutcome.Succeeded, 0);
        Assert.That(await StateAsync(badge), Is.EqualTo("passing"));

        await Told.OutdatedAsync(_gateway, Told.Flag("badged/api", "one"));
        Assert.That(await StateAsync(badge), Is.EqualTo("outdated"));
        Assert.That(await StateAsync(badge + "?tag=one"), Is.EqualTo("outdated"));
        Assert.That(await StateAsync(badge + "?tag=two"), Is.EqualTo("unknown"));

        var second = await LedBuild.BeginAsync(_gateway, "badged/api", "two");
        await second.ConcludeAsync(BuildOutcome.Failed, 0);
        Assert.That(await StateAsync(badge), Is.EqualTo("failing"));
        Assert.That(await StateAsync(badge + "?tag=one"), Is.EqualTo("outdated"));
    }

    [TestCase("badges/badged/never.svg")]
    [TestCase("badges/NEVER.svg")]
    [TestCase("badges/badged/api.svg?registry=other.test")]
    [TestCase("badges/badged/api.svg?tag=%3Cscript%3E")]
    [TestCase("badges/%3Cscript%3E.svg")]
    public async Task Should_be_unknown_whatever_is_not_there(string path) =>
        Assert.That(await StateAsync(path), Is.EqualTo("unknown"));

    [Test]
    public async Task Should_be_asked_for_again_and_sent_once()
    {
        var first = await _gateway.Nobody().GetAsync("badges/badged/etag.svg");
        var client = _gateway.Nobody();
        client.Http.DefaultRequestHeaders.TryAddWithoutValidation("If-None-Match", first.Headers.ETag!.ToString());
        var second = await client.GetAsync("badges/badged/etag.svg");

        Assert.That(first.Headers.CacheControl!.NoCache, Is.True);
        Assert.That(second.Status, Is.EqualTo(HttpStatusCode.NotModified));
        Assert.That((await client.GetAsync("badges/badged/etag.png")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private async Task<string> StateAsync(string path)
    {
        var answer = await _gateway.Nobody().GetAsync(path);
        Assert.That(answer.ContentType, Does.StartWith("image/svg+xml"));
        return XDocument.Parse(answer.Text).Root!.Attribute("aria-label")!.Value["image: ".Length..];
    }
}
