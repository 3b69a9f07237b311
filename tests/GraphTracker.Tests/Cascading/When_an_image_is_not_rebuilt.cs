using Builds.Contracts;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_an_image_is_not_rebuilt
{
    private World _world = null!;

    [SetUp]
    public async Task A_base()
    {
        _world = World.Empty();
        await _world.PushAsync("os", "1");
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_flag_one_that_nobody_defined_and_what_stands_on_it()
    {
        await _world.BuildElsewhereAsync("outside", "os");
        await _world.GrowAsync("inner", "outside");
        await MoveAsync();

        Assert.That(_world.Asked, Is.Empty);
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "inner: ancestor", "outside: notDefined" }));
        Assert.That(_world.NextOf("inner"), Does.Contain("outside"));
    }

    [Test]
    public async Task Should_flag_one_that_names_the_digest_itself()
    {
        await _world.GrowAsync("pinned", "@os");
        await MoveAsync();

        Assert.That(_world.Asked, Is.Empty);
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "pinned: pinned" }));
    }

    [TestCase(RebuildOn.Never, "")]
    [TestCase(RebuildOn.FinalBase, "final")]
    [TestCase(RebuildOn.EveryFrom, "final early")]
    [TestCase(RebuildOn.EveryFromAndCopies, "final early copied mounted read")]
    public async Task Should_keep_to_the_policy(RebuildOn on, string rebuilt)
    {
        await _world.PushAsync("other", "1");
        await _world.GrowAsync("final", new RebuildPolicy { On = on }, "os", "other");
        await _world.GrowAsync("early", new RebuildPolicy { On = on }, "other", "os");
        await _world.GrowAsync("copied", new RebuildPolicy { On = on }, "other", ">os");
        await _world.GrowAsync("mounted", new RebuildPolicy { On = on }, "other", "+os");
        await _world.GrowAsync("read", new RebuildPolicy { On = on }, "other", "#os");
        await MoveAsync();

        Assert.That(_world.Rebuilt, Is.EquivalentTo(rebuilt.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.That(_world.Outdated.Where(flag => !flag.EndsWith("policy", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task Should_not_follow_an_image_that_is_its_own_base()
    {
        await _world.PushAsync("app", "1");
        await _world.GrowAsync("app", "app");
        await _world.SettleAsync();

        Assert.That(_world.Asked, Is.Empty);
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "app: cycle" }));
        Assert.That(_world.NextOf("app"), Does.Contain("itself"));
    }

    [Test]
    public async Task Should_not_follow_a_circle_but_rebuild_it_once_from_outside()
    {
        await _world.PushAsync("left", "1");
        await _world.GrowAsync("right", "left", "os");
        await _world.GrowAsync("left", "right");
        await MoveAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "right" }));
        Assert.That(_world.Outdated, Has.Some.EqualTo("left: cycle"));
        Assert.That(_world.NextOf("left"), Does.Contain("left:latest").And.Contain("right:latest"));
    }

    [Test]
    public async Task Should_name_two_that_are_each_others_base_and_rebuild_neither()
    {
        await _world.PushAsync("left", "1");
        await _world.GrowAsync("right", "left", "os");
        await _world.GrowAsync("left", "right");
        await _world.PushAsync("os", "2");
        await _world.UseAsync("left", _world.First("left"), () => _world.BuildAsync("right"));
        await _world.SettleAsync();

        Assert.That(_world.Asked, Is.Empty);
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "left: cycle", "right: cycle" }));
        foreach (var name in new[] { "left", "right" })
            Assert.That(_world.NextOf(name), Does.Contain("left:latest").And.Contain("right:latest"));
        Assert.That(_world.Cascades, Is.Empty);
    }

    [Test]
    public async Task Should_block_what_stands_on_one_that_fails_until_a_base_moves_again()
    {
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("tools", "os");
        await _world.GrowAsync("api", "runtime", "tools");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync("runtime");

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "tools" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: blocked", "runtime: failed" }));
        Assert.That(_world.NextOf("api"), Does.Contain("runtime").And.Contain("RUN ended with 7"));
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "blocked" }));

        await _world.PushAsync("os", "3");
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt.Skip(2), Is.EqualTo(new[] { "runtime", "tools", "api" }));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_try_once_more_where_the_base_goes_back_and_forth()
    {
        await _world.GrowAsync("runtime", "os");
        foreach (var content in new[] { "2", "1", "2" })
        {
            await _world.PushAsync("os", content);
            await _world.SettleAsync("runtime");
        }

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "runtime" }), "once for each move to what it does not stand on");
        Assert.That(_world.Asked.Select(request => request.BuildId), Is.Unique);
    }

    [Test]
    public async Task Should_leave_alone_what_was_forgotten_in_the_middle()
    {
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("api", "runtime");
        await _world.PushAsync("os", "2");
        var open = await _world.DecideAsync();
        await _world.ForgetAsync("api");
        await _world.FinishAsync(open[0]);
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: notDefined" }));
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "done" }));
    }

    [Test]
    public async Task Should_be_behind_since_its_base_left_what_it_stands_on()
    {
        await _world.BuildElsewhereAsync("outside", "os");
        await _world.DecideAsync();
        await _world.PushAsync("os", "2");
        _world.Graph.Now += TimeSpan.FromHours(1);
        await _world.PushAsync("os", "3");

        await _world.DecideAsync();

        Assert.That(_world.Outdated, Is.EqualTo(new[] { "outside: notDefined" }));
        Assert.That(
            _world.Graph.Query<long>("select since from verdict"),
            Is.EqualTo(_world.Graph.Query<long>("select at from tag_move where number = 2")));
    }

    private async Task MoveAsync()
    {
        await _world.DecideAsync();
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();
    }
}
