using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Hooking;

public sealed class When_a_registry_notifies
{
    private TheGateway _gateway = null!;
    private Notifier _registry = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _gateway = await TheGateway.GetAsync();
        _registry = new Notifier(_gateway);
    }

    [TestCase(Notifier.Type2)]
    [TestCase("application/vnd.docker.distribution.events.v2+json")]
    [TestCase("application/json")]
    [TestCase("application/json; charset=utf-8")]
    [TestCase("text/plain")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase(null)]
    public async Task Should_pass_on_what_was_pushed(string? contentType)
    {
        var image = New();

        var answer = await _registry.SendAsync(Notifier.Envelope(Notifier.Push(image, "1.0", id: image)), contentType: contentType);

        Assert.That(Notifier.Counts(answer), Is.EqualTo((1, 0, 0, 0)));
        var hint = await HintAsync(image);
        Assert.That(JsonNode.DeepEquals(hint, JsonNode.Parse($$"""
            {"image":{"registry":"registry.test:5000","repository":"{{image}}"},"digest":"{{Notifier.Digest('a')}}","tag":"1.0",
            "mediaType":"{{Notifier.DockerManifest}}","at":"2026-03-09T14:44:26.402974-08:00","eventId":"{{image}}","actor":"alice"}
            """)), hint.ToJsonString());
    }

    [TestCase("application/vnd.docker.distribution.manifest.v2+json")]
    [TestCase("application/vnd.docker.distribution.manifest.list.v2+json")]
    [TestCase("application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [TestCase("application/vnd.oci.image.manifest.v1+json")]
    [TestCase("application/vnd.oci.image.index.v1+json")]
    public async Task Should_know_every_kind_of_manifest(string mediaType)
    {
        var image = New();

        await _registry.SendAsync(Notifier.Envelope(Notifier.Push(image, mediaType: mediaType)));

        Assert.That((string?)(await HintAsync(image))["mediaType"], Is.EqualTo(mediaType));
    }

    [Test]
    public async Task Should_take_one_bare_event()
    {
        var image = New();

        var answer = await _registry.SendAsync(Notifier.Push(image), contentType: "application/json");

        Assert.That(Notifier.Counts(answer), Is.EqualTo((1, 0, 0, 0)));
        await HintAsync(image);
    }

    [Test]
    public async Task Should_name_the_registry_by_its_secret()
    {
        var image = New();

        await _registry.SendAsync(Notifier.Envelope(Notifier.Push(image)), TheGateway.OtherHookSecret);

        Assert.That((string?)(await HintAsync(image))["image"]!["registry"], Is.EqualTo(TheGateway.OtherRegistry));
    }

    [Test]
    public async Task Should_drop_what_is_repeated()
    {
        var (first, second) = (New(), New());
        var one = Notifier.Push(first);
        await _registry.SendAsync(Notifier.Envelope(one));

        var answer = await _registry.SendAsync(Notifier.Envelope(one.DeepClone(), one.DeepClone(), Notifier.Push(second)));
        var bare = await _registry.SendAsync(one);
        var without = Notifier.Push(first, id: "");
        var again = new[] { await _registry.SendAsync(without), await _registry.SendAsync(without) };
        var other = await _registry.SendAsync(one, TheGateway.OtherHookSecret);

        Assert.That(Notifier.Counts(answer), Is.EqualTo((1, 2, 0, 0)));
        Assert.That(Notifier.Counts(bare), Is.EqualTo((0, 1, 0, 0)));
        Assert.That(again.Select(Notifier.Counts), Is.EqualTo(new[] { (1, 0, 0, 0), (0, 1, 0, 0) }), "without an id");
        Assert.That(Notifier.Counts(other), Is.EqualTo((1, 0, 0, 0)), "ids are each registry's own");
        await HintAsync(second);
        await ServedAsync();
        Assert.That(Hints(first).Count(hint => (string?)hint["image"]!["registry"] == TheGateway.Registry), Is.EqualTo(2));
    }

    [Test]
    public async Task Should_ignore_what_is_no_push_of_an_image()
    {
        var image = New();
        var attestation = Notifier.Push(image, tag: null, "application/vnd.oci.image.manifest.v1+json");
        attestation["target"]!["references"] = new JsonArray(
            new JsonObject { ["mediaType"] = "application/vnd.oci.image.config.v1+json" },
            new JsonObject { ["mediaType"] = "application/vnd.in-toto+json" });

        var answer = await _registry.SendAsync(Notifier.Envelope(
            Notifier.Push(image, null, "application/octet-stream"),
            Notifier.Push(image, null, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
            Notifier.Push(image, mediaType: "application/x-never-heard-of"),
            Notifier.Of(image, "pull", Notifier.DockerManifest, "latest", Notifier.Digest('a')),
            Notifier.Of(image, "mount", "application/octet-stream", null, Notifier.Digest('a')),
            Notifier.Of(image, "delete", "application/octet-stream", null, Notifier.Digest('a')),
            attestation));

        Assert.That(Notifier.Counts(answer), Is.EqualTo((0, 0, 7, 0)));
        await ServedAsync();
        Assert.That(Hints(image), Is.Empty);
    }

    [Test]
    public async Task Should_pass_on_that_something_was_deleted()
    {
        var (byTag, byDigest) = (New(), New());

        var answer = await _registry.SendAsync(Notifier.Envelope(
            Notifier.Of(byTag, "delete", null, "1.0", null),
            Notifier.Of(byDigest, "delete", null, null, Notifier.Digest('b'))));

        Assert.That(Notifier.Counts(answer), Is.EqualTo((2, 0, 0, 0)));
        var tag = await HintAsync(byTag);
        var digest = await HintAsync(byDigest);
        Assert.That(((string?)tag["tag"], (string?)tag["digest"]), Is.EqualTo(("1.0", "")));
        Assert.That(((string?)digest["tag"], (string?)digest["digest"]), Is.EqualTo(((string?)null, Notifier.Digest('b'))));
    }

    private static string New() => $"hooked/{Guid.NewGuid():N}";

    private IEnumerable<JsonNode> Hints(string image) => _gateway.Amqp.Seen("image-pushed").Where(one => IsOf(one, image));

    private Task<JsonNode> HintAsync(string image) => _gateway.Amqp.WaitForAsync("image-pushed", one => IsOf(one, image));

    private static bool IsOf(JsonNode hint, string image) => (string?)hint["image"]!["repository"] == image;

    // What came before it has passed too.
    private async Task ServedAsync()
    {
        var next = New();
        await _registry.SendAsync(Notifier.Envelope(Notifier.Push(next)));
        await HintAsync(next);
    }
}
