using Builds.Contracts;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>
/// An image that is outdated by a base for which it is not rebuilt, and that then waits for one for which it is.
/// </summary>
public sealed class When_a_base_moves_that_does_not_count
{
    private World _world = null!;

    [SetUp]
    public async Task An_image_that_was_known_before_its_bases()
    {
        _world = World.Empty();
        await _world.PushAsync("os", "1");
        await _world.PushAsync("other", "1");
        await _world.GrowAsync("api", "os");
        await _world.GrowAsync("tools", "os");
        await _world.GrowAsync("runtime", "other");
        await _world.GrowAsync("api", new RebuildPolicy { On = RebuildOn.FinalBase }, "runtime", "tools");
        await _world.DecideAsync();
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [TestCase(0)]
    [TestCase(60)]
    public async Task Should_begin_a_cascade_under_what_an_older_one_has_outdated(int settle)
    {
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: policy" }));

        await MoveOtherAsync(settle);
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "tools", "runtime", "api" }));
        Assert.That(_world.Outdated, Is.Empty);
        Assert.That(Roots, Is.EqualTo(new[] { RootOf("os"), RootOf("other") }));
    }

    [Test]
    public async Task Should_name_as_its_root_what_began_it_where_a_person_has_moved_the_other()
    {
        await _world.PushAsync("tools", "by hand");
        await _world.SettleAsync();
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: policy" }));

        await MoveOtherAsync(settle: 60);
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "api" }));
        Assert.That(Roots, Is.EqualTo(new[] { RootOf("other") }));
    }

    private async Task MoveOtherAsync(int settle)
    {
        _world.Settings = new() { SettleSeconds = settle, MostAtOnce = 100 };
        await _world.PushAsync("other", "2");
        foreach (var request in await _world.DecideAsync())
            await _world.FinishAsync(request);
        _world.Graph.Now += TimeSpan.FromMinutes(2);
        await _world.SettleAsync();
        Assert.That(_world.Cascades, Is.All.EqualTo("done"));
    }

    private IEnumerable<string> Roots => _world.Graph.Query<string>("""
        select image.repository || ' ' || old_digest || ' ' || new_digest
          from cascade join tag on tag.id = cascade.root join image on image.id = tag.image order by began_at
        """);

    private string RootOf(string repository) =>
        $"{repository} {_world.First(repository).Digest} {_world.Image(repository).Digest}";
}
