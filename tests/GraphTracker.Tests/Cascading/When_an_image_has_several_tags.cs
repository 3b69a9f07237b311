using Builds.Contracts;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_an_image_has_several_tags
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
    public async Task Should_rebuild_those_that_point_to_one_digest_by_one_build()
    {
        _world.Name("api", "latest", "1.1");
        await _world.GrowAsync("api", "os");
        await MoveAsync("2");

        Assert.That(_world.Asked.Select(request => string.Join(' ', request.Tags)), Is.EqualTo(new[] { "latest 1.1" }));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_rebuild_an_older_one_from_the_build_behind_it()
    {
        (_world.Salt, var old) = ("0ld", "0ld");
        _world.Name("api", "latest", "1.0");
        await _world.GrowAsync("api", "os");
        _world.Salt = "new";
        await _world.BuildAsync("api", "latest", "1.1");
        await MoveAsync("2");

        Assert.That(
            _world.Asked.Select(request => $"{string.Join(' ', request.Tags)} of {request.Source.Commit}"),
            Is.EquivalentTo(new[] { "latest 1.1 of new", $"1.0 of {old}" }));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_not_touch_other_tags_where_the_ref_is_followed()
    {
        _world.Name("api", "latest", "stable");
        await _world.GrowAsync("api", new RebuildPolicy { Source = RebuildSource.FollowRef }, "os");
        _world.Salt = "new";
        await _world.BuildAsync("api", "latest");
        await MoveAsync("2");

        Assert.That(_world.Asked.Select(request => string.Join(' ', request.Tags)), Is.EquivalentTo(new[] { "latest", "stable" }));
        Assert.That(_world.Asked.Select(request => request.Source.Commit), Is.All.Null, "whatever the ref points to by then");
        Assert.That(_world.Asked.Select(request => request.BuildId), Is.Unique);
    }

    [Test]
    public async Task Should_still_rebuild_those_that_are_left_when_one_is_moved_away()
    {
        _world.Name("api", "1.0", "latest"); // 1.0 is the first of them
        await _world.GrowAsync("api", "os");
        _world.Settings = new() { SettleSeconds = 60, MostAtOnce = 100 };
        await _world.PushAsync("os", "2");
        await _world.DecideAsync();
        await _world.BuildAsync("api", "1.0");
        await _world.DecideAsync();
        _world.Graph.Now += TimeSpan.FromMinutes(2);
        await _world.SettleAsync();

        Assert.That(_world.Asked.Select(request => string.Join(' ', request.Tags)), Is.EqualTo(new[] { "latest" }));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_not_take_back_one_that_is_released_or_deleted_meanwhile(bool isReleased)
    {
        _world.Name("api", "1.0", "latest"); // 1.0 is the first of them
        await _world.GrowAsync("api", "os");
        _world.Settings = new() { SettleSeconds = 60, MostAtOnce = 100 };
        await _world.PushAsync("os", "2");
        await _world.DecideAsync();
        _world.Salt = "new";
        if (isReleased)
            await _world.BuildAsync("api", "latest");
        else
            await _world.Graph.DeleteAsync("api", "latest");
        await _world.DecideAsync();
        _world.Graph.Now += TimeSpan.FromMinutes(2);
        var asked = await _world.DecideAsync();

        Assert.That(asked.Select(request => string.Join(' ', request.Tags)), Is.EqualTo(new[] { "1.0" }));
        Assert.That(_world.NodesOf(asked[0].Cause!.CascadeId!.Value), Is.EqualTo(new[] { "api 1.0: queued" }));
        Assert.That(_world.Graph.Query<long>("select count(*) from rebuilt_tag").Single(), Is.EqualTo(1));
        await _world.FinishAsync(asked[0]);
        await _world.SettleAsync();
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_leave_one_that_was_set_by_hand_where_it_is()
    {
        await _world.GrowAsync("api", "os");
        await _world.Graph.PushAsync("api", "kept", _world.Image("api"));
        await MoveAsync("2");

        Assert.That(_world.Asked.Select(request => string.Join(' ', request.Tags)), Is.EqualTo(new[] { "latest" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: notDefined" }));
        Assert.That(_world.NextOf("api"), Does.Contain("kept").And.Contain("by hand"));
    }

    private async Task MoveAsync(string content)
    {
        await _world.DecideAsync();
        await _world.PushAsync("os", content);
        await _world.SettleAsync();
    }
}
