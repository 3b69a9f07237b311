using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Hooking;

public sealed class When_a_notification_is_bad
{
    private TheGateway _gateway = null!;
    private Notifier _registry = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _gateway = await TheGateway.GetAsync();
        _registry = new Notifier(_gateway);
    }

    [TestCase("a-secret-that-nobody-has")]
    [TestCase("")]
    [TestCase(null)]
    public async Task Should_refuse_a_wrong_secret_and_nothing_else(string? secret)
    {
        var before = (int)(await DoctorAsync())["refused"]!["count"]!;

        var answer = await _registry.SendAsync(Bytes(Notifier.Envelope(Notifier.Push("bad/secret"))), secret);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(answer.Detail, Does.Contain("Hooks:Registries"));
        Assert.That((int)(await DoctorAsync())["refused"]!["count"]!, Is.EqualTo(before + 1));
        await NextIsServedAsync();
    }

    [Test]
    public async Task Should_not_take_the_token_of_a_person_for_a_registrys_secret() =>
        Assert.That(
            (await _registry.SendAsync(Bytes(Notifier.Envelope()), _gateway.AdminToken)).Status,
            Is.EqualTo(HttpStatusCode.Unauthorized));

    [TestCase("", "not JSON")]
    [TestCase("{", "not JSON")]
    [TestCase("events=1", "not JSON")]
    [TestCase("\0", "not JSON")]
    [TestCase("\"text\"", "neither")]
    [TestCase("null", "neither")]
    [TestCase("{}", "no target")]
    [TestCase("""{"events":7}""", "no list")]
    [TestCase("""{"events":[7]}""", "no target")]
    [TestCase("""{"events":[null]}""", "no target")]
    [TestCase("""{"action":"push"}""", "no target")]
    [TestCase("""{"action":"push","target":"team/api"}""", "no target")]
    public async Task Should_accept_what_it_cannot_read_and_count_it(string body, string why)
    {
        var answer = await _registry.SendAsync(Encoding.UTF8.GetBytes(body), TheGateway.OtherHookSecret);

        Assert.That(Notifier.Counts(answer), Is.EqualTo((0, 0, 0, 1)));
        var registry = await DoctorAsync(TheGateway.OtherRegistry);
        Assert.That((string?)registry["lastRejection"], Does.Contain(why));
        Assert.That((DateTimeOffset)registry["lastRejectedAt"]!, Is.EqualTo((DateTimeOffset)registry["lastEventAt"]!));
        await NextIsServedAsync();
    }

    [TestCase("Team/API", "latest", "repository")]
    [TestCase("../../etc/passwd", "latest", "repository")]
    [TestCase("team/api\nx", "latest", "repository")]
    [TestCase("", "latest", "repository")]
    [TestCase("team/api", "-rf", "tag")]
    [TestCase("team/api", "a b", "tag")]
    public async Task Should_count_strange_names_and_take_the_others(string repository, string tag, string why)
    {
        var image = $"bad/{Guid.NewGuid():N}";

        var answer = await _registry.SendAsync(Notifier.Envelope(Notifier.Push(repository, tag), Notifier.Push(image)));

        Assert.That(Notifier.Counts(answer), Is.EqualTo((1, 0, 0, 1)));
        Assert.That((string?)answer.Json["rejection"], Does.Contain(why));
        await HintAsync(image);
    }

    [TestCase("sha256:abc")]
    [TestCase("sha256:AAAA")]
    [TestCase("")]
    [TestCase("md5:d41d8cd98f00b204e9800998ecf8427e")]
    public async Task Should_count_what_has_no_digest(string digest)
    {
        var push = Notifier.Push("bad/digest");
        push["target"]!["digest"] = digest;

        var answer = await _registry.SendAsync(Notifier.Envelope(push));

        Assert.That(Notifier.Counts(answer), Is.EqualTo((0, 0, 0, 1)));
        Assert.That((string?)answer.Json["rejection"], Does.Contain("no digest"));
    }

    [TestCase("""{"events":[{"action":"push","target":{"mediaType":"\udc00","repository":"\udc00","tag":"\udc00"}}]}""")]
    [TestCase("""{"events":[{"action":"delete","id":"\udc00","target":{"repository":"\udc00","tag":"\udc00"}}]}""")]
    [TestCase("""{"\ud800\ud800":1}""")]
    [TestCase("""{"events":[{"\ud800\ud800":1}]}""")]
    [TestCase("""{"events":[{"action":"push","target":{"\ud800\ud800\ud800":1}}]}""")]
    [TestCase("""{"events":[{"action":["push"],"timestamp":7,"actor":"x","target":{"mediaType":{},"repository":[]}}]}""")]
    public async Task Should_accept_values_of_the_wrong_kind(string body)
    {
        var answer = await _registry.SendAsync(Encoding.UTF8.GetBytes(body));

        Assert.That(Notifier.Counts(answer).Taken, Is.Zero);
        await NextIsServedAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_read_a_huge_body_to_its_end_and_drop_it(bool isJson)
    {
        var image = $"bad/{Guid.NewGuid():N}";
        var body = new byte[50_000_000];
        Array.Fill(body, (byte)' ');
        if (isJson)
            Bytes(Notifier.Envelope(Notifier.Push(image))).CopyTo(body, 0);

        var answer = await _registry.SendAsync(body);

        Assert.That(Notifier.Counts(answer), Is.EqualTo((0, 0, 0, 1)));
        Assert.That((string?)answer.Json["rejection"], Does.Contain("50000000 bytes").And.Contain("Hooks:BodyMegabytes"));
        await NextIsServedAsync();
    }

    [Test]
    public async Task Should_take_ten_thousand_events_at_once()
    {
        var image = $"bad/{Guid.NewGuid():N}";
        var body = Bytes(Notifier.Envelope([.. Enumerable.Range(0, 10_000).Select(i => Notifier.Push(image, $"v{i}"))]));

        var watch = System.Diagnostics.Stopwatch.StartNew();
        var answer = await _registry.SendAsync(body);
        var first = watch.Elapsed;
        var again = await _registry.SendAsync(body);
        TestContext.Out.WriteLine($"10 000 events: {first.TotalSeconds:0.00} s, again {(watch.Elapsed - first).TotalSeconds:0.00} s");

        Assert.That(Notifier.Counts(answer), Is.EqualTo((10_000, 0, 0, 0)));
        Assert.That(Notifier.Counts(again), Is.EqualTo((0, 10_000, 0, 0)));
        await _gateway.Amqp.WaitForAsync("image-pushed", one => (string?)one["tag"] == "v9999" && IsOf(one, image));
        Assert.That(
            _gateway.Amqp.Seen("image-pushed").Where(one => IsOf(one, image)).Select(one => (string?)one["tag"]).Distinct().Count(),
            Is.EqualTo(10_000));
    }

    private static byte[] Bytes(JsonNode body) => Encoding.UTF8.GetBytes(body.ToJsonString());

    private async Task<JsonNode> DoctorAsync()
    {
        _gateway.Graph.Answers<Contracts.ListRegistries, Contracts.RegistryReports>(_ => new() { Items = [], Unknown = [] });
        return (await _gateway.Admin.GetAsync("v1/registries")).Json;
    }

    private async Task<JsonNode> DoctorAsync(string registry) =>
        (await DoctorAsync())["registries"]!.AsArray().Single(one => (string?)one!["registry"] == registry)!;

    private static bool IsOf(JsonNode hint, string image) => (string?)hint["image"]!["repository"] == image;

    private Task<JsonNode> HintAsync(string image) => _gateway.Amqp.WaitForAsync("image-pushed", one => IsOf(one, image));

    private async Task NextIsServedAsync()
    {
        var image = $"bad/{Guid.NewGuid():N}";
        await _registry.SendAsync(Notifier.Envelope(Notifier.Push(image)));
        await HintAsync(image);
    }
}
