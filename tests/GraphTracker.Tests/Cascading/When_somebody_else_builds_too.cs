using Builds.Contracts;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_somebody_else_builds_too
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
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_ask_for_nothing_that_is_done_already()
    {
        _world.Settings = new() { SettleSeconds = 60, MostAtOnce = 100 };
        await _world.PushAsync("os", "2");
        await _world.DecideAsync();
        await _world.BuildAsync("runtime");
        await _world.BuildAsync("api");
        await _world.DecideAsync();
        _world.Graph.Now += TimeSpan.FromMinutes(2);
        await _world.SettleAsync();

        Assert.That(_world.Asked, Is.Empty);
        Assert.That(_world.Outdated, Is.Empty);
        Assert.That(_world.Cascades, Is.All.EqualTo("done"));
    }

    [Test]
    public async Task Should_rebuild_what_is_pushed_later_on_an_old_base()
    {
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();
        _world.Salt = "from a stale cache";
        await _world.UseAsync("os", _world.First("os"), () => _world.BuildAsync("runtime"));
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "api", "runtime" }), "then it is what api stands on already");
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_not_fight_with_who_puts_the_old_one_back()
    {
        var old = _world.Image("runtime");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();
        await _world.Graph.PushAsync("runtime", "latest", old);
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt.Count(image => image == "runtime"), Is.EqualTo(1));
        Assert.That(_world.NextOf("runtime"), Does.Contain("put it back"));
    }

    [Test]
    public async Task Should_begin_anew_where_a_base_is_put_back_to_what_a_rebuild_has_made([Values] bool isCancelled)
    {
        await _world.PushAsync("os", "2");
        var first = (await _world.DecideAsync())[0];
        await _world.FinishAsync(first);
        var made = _world.Image("runtime");
        if (isCancelled)
            await _world.ChangeAsync(first.Cause!.CascadeId!.Value, CascadeChange.Cancel);
        await _world.SettleAsync();
        await _world.PushAsync("runtime", "by hand");
        await _world.SettleAsync();
        _world.Settings = new() { SettleSeconds = 60, MostAtOnce = 100 };
        await _world.Graph.PushAsync("runtime", "latest", made);
        Assert.That(await _world.DecideAsync(), Is.Empty, "whoever has put it back may not be done yet");

        _world.Graph.Now += TimeSpan.FromMinutes(2);
        var asked = await _world.DecideAsync();
        Assert.That(asked.Select(request => request.Image.Repository), Is.EqualTo(new[] { "api" }));
        Assert.That(asked[0].Cause!.CascadeId, Is.Not.EqualTo(first.Cause!.CascadeId));
        await _world.UseAsync("runtime", made, () => _world.FinishAsync(asked[0]));
        await _world.DecideAsync();
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_let_those_above_wait_for_the_rebuild_that_is_open()
    {
        await _world.PushAsync("os", "2");
        var open = await _world.DecideAsync();
        await _world.BuildAsync("runtime");
        Assert.That(await _world.DecideAsync(), Is.Empty);
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: waits" }), "runtime is current, and will move once more");

        await _world.FinishAsync(open[0]);
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "api" }));
    }

    [Test]
    public async Task Should_wait_for_the_build_that_took_the_place_of_a_rebuild()
    {
        await _world.PushAsync("os", "2");
        var open = await _world.DecideAsync();
        await _world.FinishAsync(open[0], BuildOutcome.Superseded);
        Assert.That(await _world.DecideAsync(), Is.Empty);
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: waits", "runtime: waits" }));
        Assert.That(_world.NextOf("runtime"), Does.Contain("a newer build"));

        await _world.BuildAsync("runtime");
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "api" }));
        Assert.That(_world.Cascades, Is.All.EqualTo("done"));
    }

    [Test]
    public async Task Should_try_once_more_where_the_build_that_took_its_place_has_failed()
    {
        await _world.PushAsync("os", "2");
        var open = await _world.DecideAsync();
        await _world.FinishAsync(open[0], BuildOutcome.Superseded);
        await _world.DecideAsync();
        await _world.FinishAsync(open[0] with { BuildId = Guid.NewGuid() }, BuildOutcome.Failed);
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "runtime", "api" }));
        Assert.That(_world.Asked.Select(request => request.BuildId), Is.Unique);
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_repeat_a_release_that_was_on_its_way_and_not_what_was_before_it()
    {
        await _world.PushAsync("os", "2");
        var first = (await _world.DecideAsync())[0];
        _world.Graph.Now += TimeSpan.FromSeconds(1);
        var release = first with { BuildId = Guid.NewGuid() };
        _world.Salt = "released";
        await _world.UseAsync("os", _world.First("os"), async () =>
        {
            await _world.TellEndAsync(release);
            _world.Graph.Now += TimeSpan.FromSeconds(1);
            await _world.Graph.BuiltAsync(_world.Superseded(first));
            Assert.That(await _world.DecideAsync(), Is.Empty, "what its tag is now has not been looked up");

            await _world.FinishAsync(release);
        });

        var asked = await _world.DecideAsync();
        Assert.That(asked.Select(request => request.Source.Commit), Is.EqualTo(new[] { "released" }));
        await _world.FinishAsync(asked[0]);
        await _world.SettleAsync();
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_say_which_image_a_rebuild_is_to_replace()
    {
        var old = _world.Image("runtime").Digest;
        await _world.PushAsync("os", "2");

        Assert.That((await _world.DecideAsync()).Single().Replaces, Is.EqualTo(old));
    }

    [Test]
    public async Task Should_rebuild_what_was_released_on_the_old_base_meanwhile([Values] bool endFirst)
    {
        await _world.PushAsync("os", "2");
        var first = (await _world.DecideAsync())[0];
        await _world.UseAsync("os", _world.First("os"), () => OvertakeAsync(first, endFirst));
        var released = _world.Image("runtime");

        var again = (await _world.DecideAsync()).Single();
        Assert.That((again.Image.Repository, again.Replaces), Is.EqualTo(("runtime", released.Digest)));
        Assert.That(again.BuildId, Is.Not.EqualTo(first.BuildId));
        await _world.FinishAsync(again);
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "runtime", "api" }));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_go_on_with_what_was_released_on_the_new_base_meanwhile([Values] bool endFirst)
    {
        await _world.PushAsync("os", "2");
        var first = (await _world.DecideAsync())[0];
        await OvertakeAsync(first, endFirst);
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "api" }), "once each");
        Assert.That(_world.Outdated, Is.Empty);
        Assert.That(_world.Cascades, Is.All.EqualTo("done"));
        Assert.That(_world.NodesOf(first.Cause!.CascadeId!.Value), Does.Contain("runtime latest: done"));
    }

    [Test]
    public async Task Should_leave_alone_what_was_deleted_meanwhile()
    {
        await _world.PushAsync("os", "2");
        var first = (await _world.DecideAsync())[0];
        await _world.Graph.BuiltAsync(_world.Overtaken(first, null));
        await _world.DecideAsync();
        await _world.Graph.DeleteAsync("runtime", "latest");
        await _world.AnsweredAsync();

        Assert.That(await _world.DecideAsync(), Is.Empty);
        Assert.That(_world.Outdated.Where(flag => flag.StartsWith("runtime", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task Should_try_again_where_the_old_one_was_put_back_and_not_for_ever()
    {
        await _world.PushAsync("os", "2");
        var asked = await _world.DecideAsync();
        var ids = new HashSet<Guid>();
        for (var tries = 0; asked.Count > 0; tries++)
        {
            Assert.That(tries, Is.LessThan(10), "it comes to an end");
            Assert.That(ids.Add(asked.Single().BuildId));
            await _world.Graph.BuiltAsync(_world.Overtaken(asked[0], Layers.Graph.Image("something else")));
            Assert.That(await _world.DecideAsync(), Is.Empty, "its tag is looked up first");
            await _world.AnsweredAsync();
            asked = await _world.DecideAsync();
        }

        Assert.That(ids, Has.Count.EqualTo(3));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: blocked", "runtime: failed" }));
        Assert.That(_world.NextOf("runtime"), Does.Contain("something else was there"));
    }

    // Somebody releases the image; the rebuild finds that, and its end is told before or after it is heard of.
    private async Task OvertakeAsync(BuildRequested rebuild, bool endFirst)
    {
        _world.Salt = "released";
        var end = _world.Overtaken(rebuild, _world.Makes("runtime"));
        if (!endFirst)
        {
            await _world.BuildAsync("runtime");
            await _world.DecideAsync();
        }

        await _world.Graph.BuiltAsync(end);
        var others = await _world.DecideAsync();
        Assert.That(others.Select(request => request.Image.Repository), Has.None.EqualTo("runtime"), "it is looked up first");
        Assert.That(_world.Graph.Questions, Does.Contain("runtime:latest"));
        if (endFirst)
            await _world.BuildAsync("runtime");
        await _world.AnsweredAsync();
        foreach (var other in others)
            await _world.FinishAsync(other);
    }
}
