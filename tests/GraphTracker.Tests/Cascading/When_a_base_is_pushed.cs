using Builds.Contracts;
using Builds.GraphTracker.Cascading;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_a_base_is_pushed
{
    private World _world = null!;

    [SetUp]
    public async Task A_base_and_two_storeys()
    {
        _world = World.Empty();
        await _world.PushAsync("os", "1");
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("tools", "os");
        await _world.GrowAsync("api", "runtime", "tools");
        await _world.GrowAsync("shop", "api");
        await _world.DecideAsync();
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_rebuild_each_image_once_after_what_it_stands_on()
    {
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "tools", "api", "shop" }));
        Assert.That(_world.Outdated, Is.Empty);
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "done" }));
    }

    [Test]
    public async Task Should_wait_for_every_base_of_a_diamond()
    {
        await _world.PushAsync("os", "2");
        var first = await _world.DecideAsync();
        await _world.FinishAsync(first[0]);

        Assert.That(await _world.DecideAsync(), Is.Empty);
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: waits", "shop: waits", "tools: rebuild" }));
        Assert.That(_world.NextOf("api"), Does.Contain("tools"));
    }

    [Test]
    public async Task Should_count_the_storeys_below_whichever_of_its_bases_ends_last()
    {
        await _world.GrowAsync("slow", "os");
        await _world.GrowAsync("both", "slow", "api");
        await _world.DecideAsync();
        await _world.PushAsync("os", "2");
        var open = new Queue<BuildRequested>((await _world.DecideAsync()).OrderBy(request => request.Image.Repository == "slow"));
        while (open.TryDequeue(out var request))
        {
            if (request.Image.Repository == "slow" && open.Count > 0)
            {
                open.Enqueue(request);
                continue;
            }

            await _world.FinishAsync(request);
            foreach (var next in await _world.DecideAsync())
                open.Enqueue(next);
        }

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "tools", "slow", "api", "shop", "both" }));
        Assert.That(_world.Asked[^1].Cause!.Depth, Is.EqualTo(3));
    }

    [Test]
    public async Task Should_ask_for_nothing_while_it_has_not_looked_at_all_that_has_changed()
    {
        await _world.PushAsync("other", "1");
        await _world.GrowAsync("both", new RebuildPolicy { On = RebuildOn.EveryFromAndCopies }, "other", "runtime");
        await _world.DecideAsync();
        await _world.PushAsync("other", "2");
        await _world.PushAsync("os", "2");
        var asked = await _world.DecideAsync(most: 1);
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "tools" }), "both stands on runtime");

        foreach (var request in asked)
            await _world.FinishAsync(request);
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt.Count(image => image == "both"), Is.EqualTo(1));
    }

    [Test]
    public async Task Should_take_a_base_that_never_settles_once_in_each_limit()
    {
        _world.Settings = new CascadeOptions { SettleSeconds = 60, SettleLimitSeconds = 100, MostAtOnce = 100 };
        _world.Graph.Now += TimeSpan.FromHours(1);
        var asked = new List<int>();
        for (var push = 0; push < 14; push++)
        {
            await _world.PushAsync("os", $"again {push}");
            _world.Graph.Now += TimeSpan.FromSeconds(24);
            var requests = await _world.DecideAsync();
            asked.Add(requests.Count);
            foreach (var request in requests)
                await _world.FinishAsync(request);
        }

        Assert.That(asked.Count(count => count > 0), Is.InRange(2, 4), () => string.Join(' ', asked));
    }

    [Test]
    public async Task Should_take_no_rebuild_for_done_before_the_registry_was_asked()
    {
        await _world.PushAsync("os", "2");
        var open = await _world.DecideAsync();
        await _world.TellEndAsync(open[0]);
        await _world.DecideAsync();
        Assert.That(_world.Outdated, Has.Some.EqualTo("runtime: rebuild"), "its tag is where it was");

        foreach (var request in open)
            await _world.FinishAsync(request);
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "tools", "api", "shop" }));
    }

    [Test]
    public async Task Should_say_why_with_the_facts()
    {
        var old = _world.Image("os").Digest;
        await _world.PushAsync("os", "2");
        var request = (await _world.DecideAsync())[0];

        Assert.Multiple(() =>
        {
            Assert.That(request.Cause!.Kind, Is.EqualTo(BuildCauseKind.Cascade));
            Assert.That(request.Cause.Base, Does.EndWith("/os:latest"));
            Assert.That((request.Cause.OldDigest, request.Cause.NewDigest), Is.EqualTo((old, _world.Image("os").Digest)));
            Assert.That(request.Cause.Evidence, Is.EqualTo("build record"));
            Assert.That(request.Cause.Depth, Is.EqualTo(1));
            Assert.That(request.Tags, Is.EqualTo(new[] { "latest" }));
        });
    }

    [Test]
    public async Task Should_join_a_second_push_to_the_rebuild_that_is_open()
    {
        await _world.PushAsync("os", "2");
        var open = await _world.DecideAsync();
        await _world.PushAsync("os", "3");
        Assert.That(await _world.DecideAsync(), Is.Empty, "one open rebuild for each image");

        foreach (var request in open)
            await _world.FinishAsync(request);
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt.Count(image => image == "runtime"), Is.EqualTo(1), "it took the newer base");
        Assert.That(_world.Rebuilt.Count(image => image == "api"), Is.EqualTo(1));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_wait_until_the_push_has_settled()
    {
        _world.Settings = new CascadeOptions { SettleSeconds = 60, SettleLimitSeconds = 100, MostAtOnce = 100 };
        await _world.PushAsync("os", "2");
        Assert.That(await _world.DecideAsync(), Is.Empty);
        _world.Graph.Now += TimeSpan.FromSeconds(50);
        await _world.PushAsync("os", "3");
        _world.Graph.Now += TimeSpan.FromSeconds(30);
        Assert.That(await _world.DecideAsync(), Is.Empty, "30 s after the second push");

        _world.Graph.Now += TimeSpan.FromSeconds(30);
        var asked = await _world.DecideAsync();

        Assert.That(asked.Select(request => request.Image.Repository), Is.EqualTo(new[] { "runtime", "tools" }));
        Assert.That(asked[0].Cause!.NewDigest, Is.EqualTo(_world.Image("os").Digest));
    }

    [Test]
    public async Task Should_not_wait_for_a_base_that_never_settles()
    {
        _world.Settings = new CascadeOptions { SettleSeconds = 60, SettleLimitSeconds = 100, MostAtOnce = 100 };
        _world.Graph.Now += TimeSpan.FromHours(1);
        for (var push = 0; push < 3; push++)
        {
            Assert.That(await _world.DecideAsync(), Is.Empty, $"push {push}");
            await _world.PushAsync("os", $"again {push}");
            _world.Graph.Now += TimeSpan.FromSeconds(45);
        }

        Assert.That(await _world.DecideAsync(), Has.Count.EqualTo(2), "135 s after the first push");
    }

    [Test]
    public async Task Should_ask_for_no_more_than_there_is_room_for()
    {
        _world.Settings = new CascadeOptions { SettleSeconds = 0, MostAtOnce = 1 };
        await _world.PushAsync("os", "2");

        Assert.That(await _world.DecideAsync(), Has.Count.EqualTo(1));
        await _world.FinishAsync(_world.Asked[^1]);
        Assert.That(await _world.DecideAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_stop_at_a_rebuild_that_comes_out_the_same()
    {
        _world.Flat.Add("flat");
        await _world.GrowAsync("flat", "os");
        await _world.GrowAsync("above", "flat");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Does.Contain("flat").And.Not.Contain("above"));
        Assert.That(_world.NodesOf(_world.Asked[0].Cause!.CascadeId!.Value), Does.Contain("flat latest: unchanged"));
        Assert.That(_world.Outdated, Is.Empty);
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "done" }));
    }

    [Test]
    public async Task Should_stop_where_nothing_has_changed()
    {
        await _world.GrowAsync("copy", new RebuildPolicy { On = RebuildOn.EveryFromAndCopies }, "os");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();
        var before = _world.Asked.Count;

        await _world.Graph.PushAsync("os", "latest", _world.Image("os") with { Digest = Layers.Graph.Digest("recompressed") });
        await _world.SettleAsync();

        Assert.That(_world.Asked, Has.Count.EqualTo(before));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_give_each_rebuild_an_id_of_its_own_where_a_base_goes_back_and_forth()
    {
        foreach (var content in new[] { "2", "1", "2" })
        {
            await _world.PushAsync("os", content);
            await _world.SettleAsync();
        }

        Assert.That(_world.Asked.Select(request => request.BuildId), Is.Unique);
        Assert.That(_world.Rebuilt.Count(image => image == "runtime"), Is.EqualTo(3));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_go_no_higher_and_no_wider_than_the_limits()
    {
        _world.Settings = new CascadeOptions { SettleSeconds = 0, MostAtOnce = 100, MostDepth = 2 };
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();
        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "tools", "api" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "shop: limit" }));
        Assert.That(_world.NextOf("shop"), Does.Contain("Cascades:MostDepth"));

        _world.Settings = new CascadeOptions { SettleSeconds = 0, MostAtOnce = 100, MostImages = 1 };
        _world.Asked.Clear();
        await _world.PushAsync("os", "3");
        await _world.SettleAsync();
        Assert.That(_world.Asked, Has.Count.EqualTo(1));
        Assert.That(_world.Outdated, Does.Contain("tools: limit").Or.Contain("runtime: limit"));
        Assert.That(
            _world.NextOf(_world.Rebuilt.Single() == "runtime" ? "tools" : "runtime"), Does.Contain("Cascades:MostImages"));
    }
}
