using Builds.Contracts;
using Builds.GraphTracker.Tests.Layers;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_a_push_is_previewed
{
    private World _world = null!;

    [SetUp]
    public async Task A_tree()
    {
        _world = World.Empty();
        await _world.PushAsync("os", "1");
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("tools", "os");
        await _world.GrowAsync("api", "runtime", "tools");
        await _world.BuildElsewhereAsync("outside", "runtime");
        await _world.GrowAsync("inner", "outside");
        await _world.GrowAsync("pinned", "@os");
        await _world.DecideAsync();
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_say_what_the_push_then_does()
    {
        var preview = _world.Preview("os");
        Assert.That(_world.Outdated, Is.Empty, "nothing has happened");

        await _world.PushAsync("os", "2");
        await _world.SettleAsync();

        Assert.Multiple(() =>
        {
            Assert.That(Names(preview.Rebuilt), Is.EqualTo(_world.Rebuilt));
            Assert.That(preview.Rebuilt.Select(node => node.Depth), Is.EqualTo(new[] { 1, 1, 2 }));
            Assert.That(Names(preview.Flagged), Is.EquivalentTo(_world.Outdated.Select(flag => flag.Split(':')[0])));
            Assert.That(preview.Flagged.Select(node => node.Reason), Is.All.Not.Empty);
        });
    }

    [TestCase(4, 3.0)]
    [TestCase(1, 4.5)]
    public void Should_estimate_the_minutes_by_past_builds(int atOnce, double minutes)
    {
        _world.Settings = new() { MostAtOnce = atOnce };

        Assert.That(_world.Preview("os").Minutes, Is.EqualTo(minutes), "three builds of 90 s on two storeys");
    }

    [Test]
    public async Task Should_count_what_is_open_or_has_failed_as_rebuilt_by_it()
    {
        await _world.PushAsync("os", "2");
        await _world.SettleAsync("tools");
        Assert.That(Names(_world.Preview("os").Rebuilt), Is.EqualTo(new[] { "runtime", "tools", "api" }));
    }

    [Test]
    public void Should_keep_to_the_limits()
    {
        _world.Settings = new() { MostImages = 2 };
        var preview = _world.Preview("os");

        Assert.That(Names(preview.Rebuilt), Is.EqualTo(new[] { "runtime", "tools" }));
        Assert.That(preview.Flagged.Single(node => node.Image.EndsWith("/api", StringComparison.Ordinal)).Reason,
            Does.Contain("Cascades:MostImages"));
    }

    [Test]
    public async Task Should_count_the_storeys_below_whichever_of_its_bases_was_known_first()
    {
        await _world.GrowAsync("early");
        await _world.PushAsync("late", "1");
        await _world.GrowAsync("early", "late");
        await _world.GrowAsync("shop", "early", "late");
        await _world.DecideAsync();

        Assert.That(_world.Preview("late").Rebuilt.Select(node => $"{Names([node]).Single()} {node.Depth}"),
            Is.EqualTo(new[] { "early 1", "shop 2" }));
    }

    [Test]
    public async Task Should_not_flag_what_names_a_digest_that_the_tag_never_had()
    {
        await _world.UseAsync("os", Graph.Image("elsewhere"), () => _world.GrowAsync("stray", "@os"));
        await _world.DecideAsync();
        var preview = _world.Preview("os");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();

        Assert.That(_world.Outdated, Is.EquivalentTo(
            new[] { "inner: ancestor", "outside: notDefined", "pinned: pinned" }));
        Assert.That(Names(preview.Flagged), Is.EquivalentTo(new[] { "inner", "outside", "pinned" }));
    }

    [TestCase(2, 2, 0)]
    [TestCase(4, 3, 1)]
    [TestCase(6, 3, 3)]
    public void Should_name_as_many_as_there_is_room_for_and_count_all(int most, int rebuilt, int flagged)
    {
        var all = _world.Preview("os");
        var preview = _world.Preview("os", most);

        Assert.Multiple(() =>
        {
            Assert.That((all.Rebuilt.Count, all.Flagged.Count), Is.EqualTo((3, 3)));
            Assert.That(Names(preview.Rebuilt), Is.EqualTo(Names(all.Rebuilt.Take(rebuilt))));
            Assert.That(Names(preview.Flagged), Is.EqualTo(Names(all.Flagged.Take(flagged))));
            Assert.That((preview.RebuiltCount, preview.FlaggedCount), Is.EqualTo((3, 3)));
            Assert.That(preview.Minutes, Is.EqualTo(all.Minutes), "those that are not named take as long as the others");
        });
    }

    [Test]
    public async Task Should_name_in_both_what_is_rebuilt_and_keeps_an_old_base()
    {
        await _world.GrowAsync("both", "runtime", "@os");
        await _world.DecideAsync();

        var preview = _world.Preview("os");

        Assert.That(Names(preview.Rebuilt), Does.Contain("both"));
        Assert.That(Names(preview.Flagged), Does.Contain("both"));
    }

    [Test]
    public async Task Should_name_all_tags_of_each()
    {
        _world.Name("runtime", "latest", "1", "1.2");
        await _world.DefineAsync("runtime");
        await _world.BuildAsync("runtime");

        Assert.That(_world.Preview("os").Rebuilt[0].Tags, Is.EquivalentTo(new[] { "latest", "1", "1.2" }));
    }

    private static IEnumerable<string> Names(IEnumerable<CascadeNode> nodes) =>
        nodes.Select(node => node.Image[(node.Image.LastIndexOf('/') + 1)..]);
}
