using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Microsoft.Extensions.Options;
using Definitions = Builds.GraphTracker.Defining.Definitions;
using RegistryOptions = Builds.GraphTracker.Registries.RegistryOptions;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>A real registry that is stopped, and a clock that goes on.</summary>
public sealed class When_a_registry_is_down_for_an_hour
{
    private const string Other = "other.example.org";

    private Registry _registry = null!;
    private Registry _other = null!;
    private Looking _looking = null!;

    [SetUp]
    public async Task An_image_over_a_base()
    {
        _registry = await Registry.StartAsync();
        _other = await Registry.StartAsync();
        _looking = Looking.With(new RegistryOptions
        {
            Default = Graph.Host,
            Retries = 0,
            Known = [Known(Graph.Host, _registry), Known(Other, _other)],
        });
        await DefineAsync("team/api");
        await _looking.AskAsync();
        await _looking.DecideAsync();
        var os = await PushAsync("team/os");
        var api = await PushAsync("team/api");
        await _looking.Graph.BuiltAsync(Graph.Built("team/api", "1", Seen(api), Graph.Used("team/os:1", Seen(os))));
        await _looking.UntilAsync("both to be known", () => Waiting(Graph.Host) == 0, TimeSpan.FromSeconds(1));
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/os:1 finalFrom 1" }));
    }

    [TearDown]
    public async Task Gone()
    {
        await _looking.DisposeAsync();
        await _other.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [Test]
    public async Task Should_say_so_serve_the_others_and_lose_nothing()
    {
        var os = await _registry.PushNewBaseAsync("team/os", "1");
        await _registry.StopAsync();
        await _looking.NotifyAsync("team/os", "1", os);

        var pauses = new List<int>();
        var tools = "";
        for (var down = 0; down < 3600; down += pauses[^1])
        {
            pauses.Add(await FailedAsync(pauses.Count + 1));
            var report = _looking.ReportOf(Graph.Host);
            Assert.That($"{report.Waiting} waits: {report.Problem}", Does.Match("^1 waits: .* cannot be reached"));
            if (pauses.Count == 30) // no time passes for the other
                tools = await OtherIsServedAsync();
            _looking.Clock.Pass(TimeSpan.FromSeconds(pauses[^1]));
        }

        var last = await FailedAsync(pauses.Count + 1);
        Assert.That(pauses.Take(6), Is.EqualTo(new[] { 1, 2, 4, 8, 16, 32 }));
        Assert.That(pauses.Skip(6).Append(last), Is.All.EqualTo(60));
        Assert.That(Rebuilds, Is.Empty);
        await _registry.StartAgainAsync();
        _looking.Clock.Pass(TimeSpan.FromSeconds(last));

        await _looking.UntilAsync("the rebuild to be asked for", () => Rebuilds.Count > 0);
        Assert.That(PointsTo("team/os"), Is.EqualTo(new[] { $"{os} read push" }));
        Assert.That(PointsTo("team/tools"), Is.EqualTo(new[] { $"{tools} read push" }));
        Assert.That(_looking.Graph.Footings, Is.EqualTo(new[] { "team/api:1 → team/os:1 finalFrom 1 stale" }));
        Assert.That(Rebuilds, Is.EqualTo(new[] { "team/api because of team/os: open" }));
        Assert.That(_looking.ReportOf(Graph.Host), Has.Property("Waiting").Zero.And.Property("Problem").Null);
    }

    private async Task<string> OtherIsServedAsync()
    {
        var tools = await _other.PushNewBaseAsync("team/tools", "1");
        await _looking.NotifyAsync("team/tools", "1", tools, Other);
        await _looking.UntilAsync("the other registry's answer", () => PointsTo("team/tools").Count == 1);
        Assert.That(_looking.ReportOf(Other), Has.Property("Waiting").Zero.And.Property("Problem").Null);
        return tools;
    }

    /// <returns>Seconds until the next try.</returns>
    private async Task<int> FailedAsync(int tries)
    {
        await _looking.UntilAsync($"try {tries} to fail",
            () => Query<long>("select tries from question").SequenceEqual([tries]));
        var due = DateTimeOffset.FromUnixTimeMilliseconds(Query<long>("select due_at from question").Single());
        return (int)(due - _looking.Clock.GetUtcNow()).TotalSeconds;
    }

    private async Task<string> PushAsync(string repository)
    {
        var digest = await _registry.PushNewBaseAsync(repository, "1");
        await _looking.NotifyAsync(repository, "1", digest);
        return digest;
    }

    private Task DefineAsync(string repository) => _looking.Graph.Store.WriteAsync(
        db => new Definitions(Options.Create(new RegistryOptions { Default = Graph.Host })).Define(db, new ImageDefined
        {
            Image = new ImageReference { Repository = repository },
            Version = 1,
            Source = new GitSource { Git = "https://git.example.org/x.git", Ref = "main" },
            Tags = ["1"],
            Rebuild = new RebuildPolicy(),
        }),
        CancellationToken.None);

    private static KnownRegistryOptions Known(string host, Registry registry) =>
        new() { Host = host, Url = registry.Url, PauseMilliseconds = 0 };

    private static SeenOther Seen(string digest) => new() { Digest = digest, MediaType = "" };

    private int Waiting(string registry) => _looking.ReportOf(registry).Waiting;

    private IReadOnlyList<T> Query<T>(string sql) => _looking.Graph.Query<T>(sql);

    /// <summary>Digest, state and source of what the tag has moved to last.</summary>
    private IReadOnlyList<string> PointsTo(string repository) => Query<string>($"""
        select manifest.digest || ' ' || manifest.state || ' ' || tag_move.source
          from tag join image on image.id = tag.image join manifest on manifest.id = tag.manifest
          join tag_move on tag_move.tag = tag.id and tag_move.number = tag.moves
         where image.repository = '{repository}'
        """);

    private IReadOnlyList<string> Rebuilds => Query<string>("""
        select image.repository || ' because of ' || root_image.repository || ': ' || rebuild.state
          from rebuild join image on image.id = rebuild.image
          join cascade on cascade.id = rebuild.cascade
          join tag root on root.id = cascade.root join image root_image on root_image.id = root.image
        """);
}
