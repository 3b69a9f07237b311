using System.Text;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>From the notification to what the graph knows of it, and then of the next one.</summary>
public sealed class When_what_was_pushed_is_bad
{
    private const string Good = """{"architecture":"amd64","os":"linux","rootfs":{"diff_ids":["DIFF_ID"]}}""";

    private static readonly string DiffId = Graph.Digest("layer");
    private static readonly string Missing = Graph.Digest("missing");

    private FakeRegistry _registry = null!;
    private Looking _looking = null!;

    [SetUp]
    public async Task Parts()
    {
        _registry = await FakeRegistry.StartAsync();
        _looking = Looking.At(_registry);
        await _looking.AskAsync();
    }

    [TearDown]
    public async Task No_parts()
    {
        await _looking.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [TestCase("of an unknown media type", "read other")]
    [TestCase("without any media type", "read other")]
    [TestCase("gone before it is looked for", "")]
    [TestCase("gone before it is read", "gone: registry.example.org/team/api does not have sha256:")]
    [TestCase("with a digest that is not its own", "bad: What the registry has under sha256:")]
    [TestCase("without its configuration", "bad: It names sha256:")]
    [TestCase("with a configuration that is not its own", "bad: What the registry has under sha256:")]
    [TestCase("with a configuration that is not JSON", "bad: Its configuration is not JSON: ")]
    [TestCase("an index that contains itself", "bad: What the registry has under sha256:")]
    [TestCase("with more layers than diff_ids", "bad: It has 2 layers, and its configuration names 1 diff_ids.")]
    [TestCase("with fewer layers than diff_ids", "bad: It has 0 layers, and its configuration names 1 diff_ids.")]
    public async Task Should_say_so_conclude_nothing_and_serve_the_next(string what, string outcome)
    {
        var bad = Put(what);
        if (what != "gone before it is looked for")
            _registry.PutTag("bad", bad);
        await _looking.NotifyAsync("team/api", "bad", bad);
        await AnsweredAsync();

        Assert.That(_looking.Graph.Query<string>($"""
            select state || coalesce(': ' || problem, ' ' || kind) from manifest where digest = '{bad}'
            """), outcome == "" ? Is.Empty : Has.One.StartsWith(outcome));
        Assert.That(_looking.Graph.Query<long>("select count(*) from chain").Single(), Is.Zero, "no layers of it are believed");

        var good = _registry.PutImage(Config(Good), layers: 1);
        _registry.PutTag("good", good);
        await _looking.NotifyAsync("team/api", "good", good);
        await AnsweredAsync();

        Assert.That(_looking.Graph.Query<string>("""
            select manifest.digest || ' ' || state || ' ' || platform from tag join manifest on manifest.id = tag.manifest
             where tag.name = 'good'
            """), Is.EqualTo(new[] { $"{good} read linux/amd64" }));
        Assert.That(_looking.Report, Has.Property("Waiting").Zero.And.Property("Problem").Null);
    }

    [TestCase("its configuration is missing")]
    [TestCase("its configuration is damaged")]
    [TestCase("it is damaged itself")]
    [TestCase("an image in it has no configuration")]
    public async Task Should_read_it_all_the_same_where_that_passes(string what)
    {
        var config = FakeRegistry.Digest(Encoding.UTF8.GetBytes(Text(Good)));
        var image = _registry.PutImage(config, layers: 1);
        var pushed = what.StartsWith("an image", StringComparison.Ordinal)
            ? _registry.Put("manifests", FakeRegistry.Index, FakeRegistry.IndexOf(image))
            : image;
        if (what == "its configuration is damaged")
            Config("{", config);
        if (what == "it is damaged itself")
            _registry.Put("manifests", FakeRegistry.Image, "{", image);
        _registry.PutTag("1", pushed);
        await _looking.NotifyAsync("team/api", "1", pushed);
        await _looking.UntilAsync("a try in vain", () => _looking.Graph.Query<string>("""
            select error from question where tries > 0 union all select problem from manifest where state = 'bad'
            """).Count > 0);

        Config(Good);
        _registry.PutImage(config, layers: 1);
        await AnsweredAsync();

        Assert.That(_looking.Graph.Query<string>($"select state from manifest where digest = '{pushed}'"),
            Is.EqualTo(new[] { "read" }));
        Assert.That(_looking.Report, Has.Property("Waiting").Zero.And.Property("Problem").Null);
    }

    private string Put(string what) => what switch
    {
        "of an unknown media type" => _registry.Put("manifests", "application/vnd.example.unheard-of.v9+json", "{}"),
        "without any media type" => _registry.Put("manifests", "", """{"schemaVersion":2}"""),
        "gone before it is looked for" or "gone before it is read" => Missing,
        "with a digest that is not its own" => _registry.PutImage(Config(Good), layers: 1, Missing),
        "without its configuration" => _registry.PutImage(Missing, layers: 1),
        "with a configuration that is not its own" => _registry.PutImage(Config(Good, Missing), layers: 1),
        "with a configuration that is not JSON" => _registry.PutImage(Config("this is no JSON"), layers: 1),
        "an index that contains itself" =>
            _registry.Put("manifests", FakeRegistry.Index, FakeRegistry.IndexOf(Missing), Missing),
        "with more layers than diff_ids" => _registry.PutImage(Config(Good), layers: 2),
        "with fewer layers than diff_ids" => _registry.PutImage(Config(Good), layers: 0),
        _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
    };

    private string Config(string text, string? digest = null) =>
        _registry.Put("blobs", FakeRegistry.Config, Text(text), digest);

    private static string Text(string text) => text.Replace("DIFF_ID", DiffId, StringComparison.Ordinal);

    private Task AnsweredAsync() => _looking.UntilAsync(
        "all questions to be answered", () => _looking.Graph.Questions.Count == 0, TimeSpan.FromSeconds(1));
}
