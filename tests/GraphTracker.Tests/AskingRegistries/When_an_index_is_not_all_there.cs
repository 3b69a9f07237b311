using Builds.GraphTracker.Tests.Layers;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>What was pushed first may come last to a copy of the registry.</summary>
public sealed class When_an_index_is_not_all_there
{
    private static readonly string Statement = $$"""
        {"predicate":{"materials":[
          {"uri":"pkg:docker/{{Graph.Host}}/team/base@1","digest":{"sha256":"{{Graph.Image("base").Digest[7..]}}" } } ] } }
        """;

    private FakeRegistry _registry = null!;
    private Looking _looking = null!;
    private string _image = "";
    private string _attestation = "";
    private string _statement = "";
    private string _index = "";
    private string _late = "";
    private int _asked;

    [SetUp]
    public async Task An_image_with_an_attestation_over_two_bases()
    {
        _asked = 0;
        _late = "";
        _registry = await FakeRegistry.StartAsync();
        _registry.Instead = context =>
        {
            if (_late.Length == 0 || !context.Request.Path.Value!.EndsWith(_late, StringComparison.Ordinal))
                return Task.FromResult(false);
            _asked++;
            context.Response.StatusCode = 404;
            return Task.FromResult(true);
        };
        _looking = Looking.At(_registry);
        await _looking.Graph.PushAsync("team/os", "1", Graph.Image("os"));
        await _looking.Graph.PushAsync("team/base", "1", Graph.Image("base"));

        var config = _registry.Put("blobs", FakeRegistry.Config, $$"""
            {"architecture":"amd64","os":"linux","rootfs":{"diff_ids":["{{Graph.Digest("os")}}","{{Graph.Digest("api")}}"] } }
            """);
        _image = _registry.PutImage(config, layers: 2);
        _statement = _registry.Put("blobs", "application/vnd.in-toto+json", Statement);
        _attestation = Attest(_statement);
        Tag(_attestation);
        await _looking.AskAsync();
    }

    [TearDown]
    public async Task Gone()
    {
        await _looking.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_know_its_images_at_once_and_their_provenance_as_soon_as_it_comes(bool isStatement)
    {
        _late = isStatement ? _statement : _attestation;
        await PushedAsync();
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/os:1 finalFrom 4" }));

        await _looking.UntilAsync("it to be asked for again", () => _asked > 1, TimeSpan.FromSeconds(1));
        _late = "";
        await _looking.UntilAsync("its provenance", () => _looking.Graph.Footings[0].EndsWith('2'), TimeSpan.FromSeconds(1));
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/base:1 finalFrom 2" }));
        Assert.That(_looking.Graph.Questions, Is.Empty);
    }

    [Test]
    public async Task Should_do_without_what_never_comes()
    {
        _late = _attestation;
        await PushedAsync();
        await _looking.UntilAsync("nothing more to be asked", () => _looking.Graph.Questions.Count == 0, TimeSpan.FromSeconds(1));

        Assert.That(_asked, Is.EqualTo(6));
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/os:1 finalFrom 4" }));
    }

    [TestCase("push")]
    [TestCase("look")]
    public async Task Should_try_once_more_when_there_is_a_reason_to_look_at_it(string reason)
    {
        _late = _attestation;
        await PushedAsync();
        await _looking.UntilAsync("nothing more to be asked", () => _looking.Graph.Questions.Count == 0, TimeSpan.FromSeconds(1));

        await AgainAsync(reason);
        await _looking.UntilAsync("it to be read once more", () => _asked == 7 && _looking.Graph.Questions.Count == 0);
        _late = "";
        await AgainAsync(reason);
        await _looking.UntilAsync("its provenance", () => _looking.Graph.Footings[0].EndsWith('2'));
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/base:1 finalFrom 2" }));
    }

    [Test]
    public async Task Should_wait_no_shorter_where_it_is_pushed_meanwhile()
    {
        _late = _attestation;
        await PushedAsync();
        for (var push = 0; push < 8; push++)
            await PushedAsync();
        Assert.That(_asked, Is.EqualTo(9));
        _late = "";

        await _looking.UntilAsync("its provenance", () => _looking.Graph.Footings[0].EndsWith('2'), TimeSpan.FromSeconds(1));
    }

    [Test]
    public async Task Should_know_an_image_that_comes_late()
    {
        _late = _image;
        await PushedAsync();
        Assert.That(_looking.Graph.Footings, Is.Empty);

        _late = "";
        await _looking.UntilAsync("it to be known", () => _looking.Graph.Footings.Count > 0, TimeSpan.FromSeconds(1));
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/base:1 finalFrom 2" }));
    }

    [Test]
    public async Task Should_be_read_again_where_it_was_pushed_by_its_digest_before()
    {
        _late = _attestation;
        await _looking.NotifyAsync("team/api", null, _index);
        await PushedAsync();
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/os:1 finalFrom 4" }));
        _late = "";

        await _looking.UntilAsync("its provenance", () => _looking.Graph.Footings[0].EndsWith('2'), TimeSpan.FromSeconds(1));
    }

    [Test]
    public async Task Should_not_wait_for_an_attestation_that_says_nothing()
    {
        Tag(Attest(_registry.Put("blobs", "application/vnd.in-toto+json", "this is no JSON")));
        await PushedAsync();

        Assert.That(_looking.Graph.Questions, Is.Empty);
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/os:1 finalFrom 4" }));
    }

    /// <summary>Its tag is asked after, and answered.</summary>
    private async Task PushedAsync()
    {
        await _looking.NotifyAsync("team/api", "1", _index);
        await _looking.UntilAsync("an answer", () => !_looking.Graph.Questions.Contains("team/api:1"));
    }

    private Task AgainAsync(string reason)
    {
        _registry.PutPage("/v2/_catalog?n=100", """{"repositories":["team/api"]}""");
        _registry.PutPage("/v2/team/api/tags/list?n=100", """{"tags":["1"]}""");
        return reason == "push" ? _looking.NotifyAsync("team/api", "1", _index) : _looking.ReconcileAsync();
    }

    private string Attest(string statement) => _registry.Put("manifests", FakeRegistry.Image, $$"""
        {"mediaType":"{{FakeRegistry.Image}}","config":{"mediaType":"{{FakeRegistry.Config}}","digest":"{{statement}}"},
         "layers":[{"mediaType":"application/vnd.in-toto+json","digest":"{{statement}}",
                    "annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v0.2"} } ] }
        """);

    private void Tag(string attestation)
    {
        _index = _registry.Put("manifests", FakeRegistry.Index, IndexOf(attestation));
        _registry.PutTag("1", _index);
    }

    private string IndexOf(string attestation) => $$"""
        {"mediaType":"{{FakeRegistry.Index}}","manifests":[
          {"mediaType":"{{FakeRegistry.Image}}","digest":"{{_image}}"},
          {"mediaType":"{{FakeRegistry.Image}}","digest":"{{attestation}}","platform":{"os":"unknown","architecture":"unknown"},
           "annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{{_image}}" } } ] }
        """;
}
