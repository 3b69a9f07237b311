using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>As when what was built on "stable" is promoted to it: nothing stands on itself.</summary>
public sealed class When_a_tag_moves_onto_what_stands_on_it
{
    private Graph _graph = null!;

    [SetUp]
    public async Task A_release_and_the_next_that_is_built_on_it()
    {
        _graph = Graph.Empty();
        await _graph.PushAsync("app", "stable", Image("one"));
        await _graph.PushAsync("app", "2", Image("one two"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "app:2 → app:stable finalFrom 4" }));
    }

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [Test]
    public async Task Should_not_make_it_stale()
    {
        await _graph.PushAsync("app", "stable", Image("one two"));

        Assert.That(_graph.Footings, Is.Empty);
    }

    [Test]
    public async Task Should_make_it_stale_once_the_tag_has_moved_on()
    {
        await _graph.PushAsync("app", "stable", Image("one two"));
        await _graph.PushAsync("app", "stable", Image("three"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "app:2 → app:stable finalFrom 4 stale" }));
    }
}
