using Builds.Contracts;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>What layers and histories alone can say.</summary>
public sealed class When_images_share_layers
{
    private Graph _graph = null!;

    [SetUp]
    public void SetUp() => _graph = Graph.Empty();

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [Test]
    public async Task Should_find_the_nearest_base_and_none_further_down()
    {
        await _graph.PushAsync("os", "1", Image("os"));
        await _graph.PushAsync("node", "20", Image("os node"));
        await _graph.PushAsync("python", "3", Image("os python"));
        await _graph.PushAsync("api", "1", Image("os python lib api"));

        Assert.That(_graph.Footings, Is.EqualTo(new[]
        {
            "api:1 → python:3 finalFrom 4", "node:20 → os:1 finalFrom 4", "python:3 → os:1 finalFrom 4",
        }));
    }

    [Test]
    public async Task Should_find_the_same_in_whatever_order_they_are_seen([Values] bool nearestFirst)
    {
        await _graph.PushAsync("api", "1", Image("os python lib api"));
        await _graph.PushAsync("node", "20", Image("os node"));
        foreach (var (repository, layers) in nearestFirst
            ? new[] { ("python", "os python"), ("os", "os") }
            : [("os", "os"), ("python", "os python")])
            await _graph.PushAsync(repository, "1", Image(layers));

        Assert.That(_graph.Footings, Is.EqualTo(new[]
        {
            "api:1 → python:1 finalFrom 4", "node:20 → os:1 finalFrom 4", "python:1 → os:1 finalFrom 4",
        }));
    }

    [Test]
    public async Task Should_say_nothing_about_the_same_layers_in_either_direction()
    {
        await _graph.PushAsync("a", "1", Image("os x", config: "a", history: ""));
        await _graph.PushAsync("b", "1", Image("os x", config: "b", history: ""));
        await _graph.PushAsync("c", "1", Image("os x", config: "c", history: "os x"));
        await _graph.PushAsync("d", "1", Image("os x", config: "d", history: "os x"));

        Assert.That(_graph.Footings, Is.Empty);
    }

    [Test]
    public async Task Should_take_the_one_whose_history_goes_on_for_the_child([Values] bool childFirst)
    {
        var images = new[] { ("base", Image("os", history: "os")), ("child", Image("os", history: "os env label")) };
        foreach (var (repository, image) in childFirst ? images.Reverse() : images)
            await _graph.PushAsync(repository, "1", image);

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "child:1 → base:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_prefer_of_twins_the_one_whose_history_the_child_continues([Values(0, 1, 2)] int childIs)
    {
        var images = new List<(string, Registries.SeenImage)>
        {
            ("right", Image("os", history: "os env")), ("wrong", Image("os", config: "w", history: "os other")),
        };
        images.Insert(childIs, ("child", Image("os app", history: "os env app")));
        foreach (var (repository, image) in images)
            await _graph.PushAsync(repository, "1", image);

        Assert.That(_graph.Footings.Where(footing => footing.StartsWith("child", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "child:1 → right:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_name_every_tag_that_an_alias_has_in_whatever_repository()
    {
        await _graph.PushAsync("os", "1", Image("os"));
        await _graph.PushAsync("api", "1", Image("os api"));
        await _graph.PushAsync("os", "latest", Image("os"));
        await _graph.PushAsync("mirror/os", "1", Image("os"));

        Assert.That(_graph.Footings, Is.EqualTo(new[]
        {
            "api:1 → mirror/os:1 finalFrom 4", "api:1 → os:1 finalFrom 4", "api:1 → os:latest finalFrom 4",
        }));
    }

    [Test]
    public async Task Should_never_take_an_image_without_layers_for_a_base()
    {
        await _graph.PushAsync("scratch", "1", Image(""));
        await _graph.PushAsync("api", "1", Image("api"));
        await _graph.PushAsync("empty", "1", Image("", config: "other", history: "label"));

        Assert.That(_graph.Footings, Is.Empty);
    }

    [Test]
    public async Task Should_know_nothing_of_a_squashed_image_but_what_its_build_says()
    {
        await _graph.PushAsync("os", "1", Image("os"));
        var squashed = Image("all-in-one");
        await _graph.PushAsync("api", "1", squashed);
        Assert.That(_graph.Footings, Is.Empty);

        await _graph.BuiltAsync(Built("api", "1", squashed, Used("os:1", Image("os"))));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }));
    }

    [Test]
    public async Task Should_keep_platforms_apart()
    {
        await _graph.PushAsync("data", "arm", Image("files", config: "arm", platform: "linux/arm64"));
        await _graph.PushAsync("api", "1", Image("files api"));
        Assert.That(_graph.Footings, Is.Empty);

        await _graph.PushAsync("data", "amd", Image("files", config: "amd"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → data:amd finalFrom 4" }));
    }

    [Test]
    public async Task Should_not_stand_on_its_own_earlier_version_but_on_what_that_stands_on([Values] bool baseLast)
    {
        if (!baseLast)
            await _graph.PushAsync("os", "1", Image("os"));
        await _graph.PushAsync("api", "1", Image("os api"));
        await _graph.PushAsync("api", "1", Image("os api more"));
        if (baseLast)
            await _graph.PushAsync("os", "1", Image("os"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_read_a_rebased_image_by_its_layers()
    {
        var old = Image("os1");
        await _graph.PushAsync("os", "1", old);
        await _graph.PushAsync("api", "1", Image("os1 api"));
        await _graph.PushAsync("os", "1", Image("os2"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4 stale" }));

        // its labels went along, and say what was true before
        await _graph.PushAsync("api", "1", Image("os2 api", annotated: Named("os", "1", old)));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4" }));
    }
}
