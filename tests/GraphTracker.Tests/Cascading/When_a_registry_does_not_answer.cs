using Builds.Contracts;
using Dapper;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A rebuild is done once its registry says what its tags are. One that is down has no say in others.</summary>
public sealed class When_a_registry_does_not_answer
{
    private World _world = null!;
    private BuildRequested _ended = null!;

    [SetUp]
    public async Task A_rebuild_that_has_ended_and_one_more_to_be_asked_for()
    {
        _world = World.Empty();
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 1 };
        await _world.PushAsync("os", "1");
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("api", "runtime");
        await _world.GrowAsync("lint", "os");
        await _world.GrowAsync("tools", "os");
        await _world.Graph.Store.WriteAsync(
            db => { db.Execute("update image set registry = 'other.example.org' where repository in ('lint', 'tools')"); },
            CancellationToken.None);
        await _world.DecideAsync();
        await _world.PushAsync("os", "2");
        _ended = (await _world.DecideAsync()).Single();
        await _world.TellEndAsync(_ended);
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_go_on_in_another_registry_one_after_the_other()
    {
        var asked = (await _world.DecideAsync()).Single();

        Assert.That(_ended.Image.Repository, Is.EqualTo("runtime"));
        Assert.That((asked.Image.Registry, asked.Image.Repository), Is.EqualTo(("other.example.org", "lint")));
        Assert.That(await _world.DecideAsync(), Is.Empty, "its build has not ended");
    }

    [Test]
    public async Task Should_not_build_on_what_has_not_been_looked_up()
    {
        await _world.DecideAsync();
        Assert.That(_world.Outdated, Does.Contain("api: waits").And.Contain("runtime: rebuild"));

        await _world.FinishAsync(_ended);
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 2 };
        Assert.That((await _world.DecideAsync()).Select(request => request.Image.Repository), Is.EqualTo(new[] { "tools" }));
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 3 };
        Assert.That((await _world.DecideAsync()).Select(request => request.Image.Repository), Is.EqualTo(new[] { "api" }));
    }
}
