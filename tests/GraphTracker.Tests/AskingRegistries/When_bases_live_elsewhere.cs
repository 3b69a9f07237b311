using System.Text;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Cascading;
using Builds.GraphTracker.Tests.Layers;
using Dapper;
using Microsoft.AspNetCore.Http;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_bases_live_elsewhere
{
    private FakeRegistry _registry = null!;
    private Looking _looking = null!;

    [SetUp]
    public async Task SetUpAsync()
    {
        _registry = await FakeRegistry.StartAsync();
        _looking = Looking.At(_registry, watch: true);
        _registry.PutPage("/v2/", "{}");
        foreach (var name in new[] { "os", "lang", "unused" })
            _registry.PutTags(name, "1");
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        await _looking.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [Test]
    public async Task Should_ask_by_head_about_tags_that_others_stand_on_and_about_no_other()
    {
        await StandsAsync("os");
        await _looking.Graph.PushAsync("unused", "1", Image("unused"));

        await _looking.WatchAsync();

        await _looking.UntilAsync("the tag to be looked up", () => Questions().Count > 0);
        await PassAsync(TimeSpan.FromMinutes(5));
        Assert.That(_registry.Asked, Is.EqualTo(new[] { "HEAD /v2/os/manifests/1" }));
        Assert.That(Questions(), Is.EqualTo(new[] { "1 watch" }));
    }

    [Test]
    public async Task Should_ask_again_at_the_interval_and_never_more_also_after_a_restart()
    {
        await StandsAsync("os");
        await _looking.WatchAsync();
        await _looking.UntilAsync("the tag to be asked", () => _looking.Graph.Query<long>("select asked_at from watched_tag").Count == 1);

        await PassAsync(Looking.Interval / 2);
        await _looking.StopAsync();
        await _looking.WatchAsync();
        await PassAsync(Looking.Interval / 2 - TimeSpan.FromMinutes(1));
        Assert.That(_registry.Asked, Has.Count.EqualTo(1));

        await _looking.UntilAsync("the next", () => _registry.Asked.Count == 2, TimeSpan.FromSeconds(30));
    }

    [Test]
    public async Task Should_ask_nothing_more_about_what_is_as_it_was_and_was_read()
    {
        await StandsAsync("os");
        var seen = Image("os") with { Digest = FakeRegistry.Digest(Encoding.UTF8.GetBytes("os:1")) };
        await _looking.Graph.PushAsync("os", "1", seen);
        await _looking.WatchAsync();
        await _looking.UntilAsync("the tag to be asked", () => _looking.Graph.Query<long>("select asked_at from watched_tag").Count == 1);
        Assert.That(Questions(), Is.Empty);

        await _looking.Graph.Store.WriteAsync(
            db => { db.Execute("update manifest set state = 'gone' where digest = @Digest", seen); }, CancellationToken.None);
        await _looking.UntilAsync("the question", () => Questions().Count > 0, TimeSpan.FromMinutes(1));
        Assert.That(Questions(), Is.EqualTo(new[] { "1 watch" }));
    }

    [TestCase(403)]
    [TestCase(500)]
    public async Task Should_let_a_tag_that_is_not_answered_for_keep_no_other_waiting(int status)
    {
        await StandsAsync("lang");
        await StandsAsync("os");
        _registry.Instead = context =>
        {
            var isBad = context.Request.Path == "/v2/lang/manifests/1";
            context.Response.StatusCode = isBad ? status : 200;
            return Task.FromResult(isBad);
        };

        await _looking.WatchAsync();

        await _looking.UntilAsync("os to be asked about", () => _looking.Graph.Questions.Contains("os:1"));
        await _looking.UntilAsync("the doctor to know", () => _looking.Report.Problem is not null);
        Assert.That(_looking.Report.Problem, Does.Contain($"{status}").And.Contain("lang"));
    }

    [Test]
    public async Task Should_go_on_after_an_hour_in_which_the_registry_was_down()
    {
        await StandsAsync("os");
        _registry.Status = 503;
        await _looking.WatchAsync();
        await _looking.UntilAsync("the doctor to know", () => _looking.Report.Problem is not null);

        await PassAsync(TimeSpan.FromHours(1));
        Assert.That(_registry.Asked, Has.Count.LessThan(30));
        _registry.Status = null;

        await _looking.UntilAsync("the question", () => _looking.Graph.Questions.Contains("os:1"), TimeSpan.FromMinutes(1));
        await _looking.UntilAsync("the doctor to be content", () => _looking.Report.Problem is null);
    }

    [Test]
    public async Task Should_come_back_no_sooner_than_a_busy_registry_asks_for()
    {
        await StandsAsync("os");
        _registry.Instead = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "300";
            return Task.FromResult(true);
        };
        await _looking.WatchAsync();
        var pause = TimeSpan.FromMinutes(5);
        await _looking.UntilAsync("it to be left alone", () => _looking.Clock.IsAwaited(pause));
        _registry.Instead = null;

        _looking.Clock.Pass(pause - TimeSpan.FromMilliseconds(1));
        Assert.That(_looking.Clock.IsAwaited(TimeSpan.FromMilliseconds(1)), "it still waits");
        Assert.That(_registry.Asked, Has.Count.EqualTo(1));
        _looking.Clock.Pass(TimeSpan.FromMilliseconds(1));

        await _looking.UntilAsync("the question", () => _looking.Graph.Questions.Contains("os:1"));
        await _looking.UntilAsync("the doctor to be content", () => _looking.Report.Problem is null);
    }

    [Test]
    public async Task Should_ask_for_a_rebuild_of_what_stands_on_a_base_that_has_moved_there()
    {
        await using var world = World.Empty();
        await using var looking = Looking.Of(world.Graph, _registry.Settings(new KnownRegistryOptions
        {
            Host = Host, Url = _registry.Url, WatchInterval = Looking.Interval, ReconcileInterval = TimeSpan.Zero,
        }));
        await world.PushAsync("team/api", "1");
        await world.GrowAsync("app", "team/api");
        await world.GrowAsync("other");
        var config = _registry.Put("blobs", FakeRegistry.Config, $$$"""{"rootfs":{"diff_ids":["{{{Digest("new")}}}"]}}""");
        _registry.PutTag("latest", _registry.PutImage(config, layers: 1)); // nobody tells

        await looking.WatchAsync();
        await looking.AskAsync();
        await looking.UntilAsync("the move to be found",
            () => world.Graph.Query<long>("select 1 from tag_move where source = 'watch'").Count > 0);

        world.Graph.Now = looking.Clock.GetUtcNow();
        await world.DecideAsync();
        Assert.That(world.Rebuilt, Is.EqualTo(new[] { "app" }));
    }

    /// <summary>An image of ours was built on tag 1 of this.</summary>
    private async Task StandsAsync(string name)
    {
        var (os, api) = (Image(name), Image($"{name} api"));
        await _looking.Graph.BuiltAsync(Built($"team/on-{name}", "1", api, Used($"{name}:1", os)));
        await _looking.Graph.PushAsync($"team/on-{name}", "1", api);
        await _looking.Graph.Store.WriteAsync(db => { db.Execute("delete from question"); }, CancellationToken.None);
    }

    private IReadOnlyList<string> Questions() =>
        _looking.Graph.Query<string>("select tag || ' ' || source from question where tag <> ''");

    private async Task PassAsync(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromSeconds(30))
        {
            _looking.Clock.Pass(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }
    }
}
