using Builds.Contracts;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_a_cascade_is_changed
{
    private World _world = null!;

    [SetUp]
    public async Task Two_storeys()
    {
        _world = World.Empty();
        await _world.PushAsync("os", "1");
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("api", "runtime");
        await _world.DecideAsync();
        await _world.PushAsync("os", "2");
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_ask_for_nothing_more_until_it_is_resumed()
    {
        var open = (await _world.DecideAsync())[0];
        var id = open.Cause!.CascadeId!.Value;
        Assert.That((await _world.ChangeAsync(id, CascadeChange.Cancel)).Cascade!.State, Is.EqualTo("running"), "a rebuild is open");
        await _world.FinishAsync(open);
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: cancelled" }));
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "cancelled" }));
        Assert.That((await _world.ChangeAsync(id, CascadeChange.Cancel)).Problem, Does.Contain("ended already"));

        Assert.That((await _world.ChangeAsync(id, CascadeChange.Resume)).Problem, Is.Null);
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "api" }));
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "done" }));
        Assert.That((await _world.ChangeAsync(id, CascadeChange.Resume)).Problem, Is.Not.Null);
    }

    [Test]
    public async Task Should_try_once_more_what_has_failed_under_an_id_of_its_own()
    {
        await _world.SettleAsync("runtime");
        var id = _world.Asked[0].Cause!.CascadeId!.Value;
        Assert.That(_world.NodesOf(id), Is.EqualTo(new[] { "runtime latest: failed", "api latest: blocked" }));

        var resumed = await _world.ChangeAsync(id, CascadeChange.Resume);
        Assert.That(resumed.Problem, Is.Null);
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "runtime", "api" }));
        Assert.That(_world.Asked.Select(request => request.BuildId), Is.Unique);
        Assert.That(_world.Asked.Select(request => request.Cause!.CascadeId), Is.All.EqualTo(id));
        Assert.That(_world.NodesOf(id), Is.EqualTo(new[] { "runtime latest: done", "api latest: done" }));
    }

    [Test]
    public async Task Should_end_when_a_later_push_takes_over_what_had_failed()
    {
        await _world.SettleAsync("runtime");
        await _world.PushAsync("os", "3");
        await _world.SettleAsync();

        Assert.That(_world.Outdated, Is.Empty);
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "done", "done" }));
    }

    [Test]
    public async Task Should_go_on_once_a_limit_was_raised_and_it_is_resumed()
    {
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 100, MostDepth = 1 };
        await _world.SettleAsync();
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: limit" }));

        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 100 };
        await _world.ChangeAsync(_world.Asked[0].Cause!.CascadeId!.Value, CascadeChange.Resume);
        await _world.SettleAsync();
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_say_that_it_knows_no_such_cascade() =>
        Assert.That((await _world.ChangeAsync(Guid.NewGuid(), CascadeChange.Cancel)).Problem, Does.Contain("no cascade"));
}
