using Builds.Contracts;
using Builds.GraphTracker.Layers;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>What is stale after it, by layers and by build records.</summary>
public sealed class When_a_base_moves
{
    private Graph _graph = null!;

    [SetUp]
    public void SetUp() => _graph = Graph.Empty();

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [Test]
    public async Task Should_make_stale_what_stands_on_any_earlier_version()
    {
        foreach (var version in new[] { "1", "2", "3" })
        {
            await _graph.PushAsync("os", "1", Image("os" + version));
            await _graph.PushAsync("on" + version, "1", Image($"os{version} app"));
        }

        Assert.That(_graph.Footings, Is.EqualTo(new[]
        {
            "on1:1 → os:1 finalFrom 4 stale", "on2:1 → os:1 finalFrom 4 stale", "on3:1 → os:1 finalFrom 4",
        }));
    }

    [Test]
    public async Task Should_make_nothing_stale_where_the_content_is_the_same()
    {
        await _graph.PushAsync("os", "1", Image("os", config: "same", history: "monday"));
        await _graph.PushAsync("api", "1", Image("os api", history: "monday api"));
        await _graph.PushAsync("os", "1", Image("os", config: "same", history: "tuesday"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_be_current_again_when_it_moves_back()
    {
        await _graph.PushAsync("os", "1", Image("a"));
        await _graph.PushAsync("api", "1", Image("a api"));
        await _graph.PushAsync("os", "1", Image("b"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4 stale" }));

        await _graph.PushAsync("os", "1", Image("a"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4" }));
        Assert.That(_graph.Query<long>("select number from tag_move join tag on tag.id = tag where moves = 3"), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public async Task Should_make_stale_what_stands_on_an_image_of_it_that_is_read_when_it_has_moved_on()
    {
        var (os, arm, api) = (Image("os"), Image("os-arm", platform: "linux/arm64"), Image("os api"));
        await _graph.PushAsync("os", "1", Index(arm) with { Digest = Digest("index"), IsIncomplete = true });
        await _graph.ReadAsync("os", os);
        await _graph.PushAsync("api", "1", api);
        await _graph.BuiltAsync(Built("api", "1", api, Used("os:1", os)));
        await _graph.PushAsync("os", "1", Index(arm, Image("os2")));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }), "nothing says that it ever was this");

        await _graph.ReadAsync("os", Index(arm, os) with { Digest = Digest("index") });
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1 stale" }));
    }

    [Test]
    public async Task Should_make_nothing_stale_by_a_new_tag_beside_the_old()
    {
        await _graph.PushAsync("os", "1.0", Image("os1"));
        await _graph.PushAsync("api", "1", Image("os1 api"));
        await _graph.PushAsync("os", "1.1", Image("os2"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1.0 finalFrom 4" }));
    }

    [Test]
    public async Task Should_go_by_the_tags_that_moved_of_several_aliases()
    {
        await _graph.PushAsync("os", "1", Image("os1"));
        await _graph.PushAsync("os", "latest", Image("os1"));
        await _graph.PushAsync("api", "1", Image("os1 api"));
        await _graph.PushAsync("os", "latest", Image("os2"));

        Assert.That(_graph.Footings, Is.EqualTo(new[]
        {
            "api:1 → os:1 finalFrom 4", "api:1 → os:latest finalFrom 4 stale",
        }));
    }

    [Test]
    public async Task Should_go_by_the_tag_that_a_build_named_and_by_no_alias()
    {
        var os = Image("os1");
        await _graph.PushAsync("os", "1", os);
        await _graph.PushAsync("os", "latest", os);
        await _graph.PushAsync("api", "1", Image("os1 api"));
        await _graph.BuiltAsync(Built("api", "1", Image("os1 api"), Used("os:1", os)));
        await _graph.PushAsync("os", "latest", Image("os2"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }));
    }

    [Test]
    public async Task Should_flag_a_pinned_base_as_pinned([Values("os:1@", "os@")] string written)
    {
        var (os, api) = (Image("os1"), Image("os1 api"));
        await _graph.PushAsync("os", "1", os);
        await _graph.PushAsync("api", "1", api);
        await _graph.BuiltAsync(Built("api", "1", api, Used(written.Replace("@", written == "os@" ? "@" + os.Digest : "",
            StringComparison.Ordinal), os, pinned: true)));
        await _graph.PushAsync("os", "1", Image("os2"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1 pinned stale" }));
    }

    [Test]
    public async Task Should_compare_by_platform_where_one_of_several_changed()
    {
        var (amd, arm) = (Image("os"), Image("os-arm", platform: "linux/arm64/v8"));
        await _graph.PushAsync("os", "1", Index(amd, arm));
        await _graph.PushAsync("on-amd", "1", Image("os app"));
        await _graph.PushAsync("on-arm", "1", Image("os-arm app", platform: "linux/arm64"));
        await _graph.PushAsync("on-both", "1", Index(Image("os app"), Image("os-arm app", platform: "linux/arm64")));

        await _graph.PushAsync("os", "1", Index(amd, Image("os-arm-2", platform: "linux/arm64/v8")));

        Assert.That(_graph.Footings, Is.EqualTo(new[]
        {
            "on-amd:1 → os:1 finalFrom 4", "on-arm:1 → os:1 finalFrom 4 stale",
            "on-both:1 → os:1 finalFrom 4", "on-both:1 → os:1 finalFrom 4 stale",
        }));
    }

    [Test]
    public async Task Should_compare_by_platform_where_the_build_named_the_index()
    {
        var (amd, arm) = (Image("os"), Image("os-arm", platform: "linux/arm64"));
        var (index, api) = (Index(amd, arm), Image("os api"));
        await _graph.PushAsync("os", "1", index);
        await _graph.PushAsync("api", "1", api);
        await _graph.BuiltAsync(Built("api", "1", api, Used("os:1", index)));

        await _graph.PushAsync("os", "1", Index(amd, Image("os-arm-2", platform: "linux/arm64")));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }));

        await _graph.PushAsync("os", "1", Index(Image("os2"), arm));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1 stale" }));
    }

    [Test]
    public async Task Should_look_at_all_platforms_of_a_tool_that_is_there_for_another_one_only()
    {
        var tool = Image("tool", platform: "linux/s390x");
        await _graph.PushAsync("tool", "1", tool);
        var api = Image("api");
        await _graph.PushAsync("api", "1", api);
        await _graph.BuiltAsync(Built("api", "1", api, Used("tool:1", tool, BaseImageKind.CopyFrom, final: false)));
        await _graph.PushAsync("tool", "1", Image("tool2", platform: "linux/s390x"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → tool:1 copyFrom 1 stale" }));
    }

    [Test]
    public async Task Should_set_nothing_off_where_it_is_deleted_and_go_on_where_it_comes_back()
    {
        await _graph.PushAsync("os", "1", Image("os1"));
        await _graph.PushAsync("api", "1", Image("os1 api"));
        Assert.That(await _graph.DeleteAsync("os", "1"), Is.True);
        Assert.That(await _graph.DeleteAsync("os", "1"), Is.False);
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4" }));

        await _graph.PushAsync("os", "1", Image("os2"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4 stale" }));
        Assert.That(_graph.Query<long>("select count(*) from tag_move join tag on tag.id = tag where name = '1' and moves = 3"),
            Is.EqualTo(new[] { 3 }));
    }

    [Test]
    public async Task Should_forget_what_a_deleted_tag_stood_on()
    {
        await _graph.PushAsync("os", "1", Image("os1"));
        await _graph.PushAsync("api", "1", Image("os1 api"));
        await _graph.DeleteAsync("api", "1");

        Assert.That(_graph.Footings, Is.Empty);
        Assert.That(_graph.Query<long>("select count(*) from base_version"), Is.EqualTo(new[] { 0 }));
    }

    [Test]
    public async Task Should_still_know_an_old_version_that_the_registry_has_collected()
    {
        var old = Image("os1");
        await _graph.PushAsync("os", "1", old);
        await _graph.PushAsync("os", "1", Image("os2"));
        await _graph.WriteAsync(recording =>
        {
            var image = Names.ImageOf(recording.Db, Host, "os");
            Manifests.Mark(recording.Db, Manifests.Find(recording.Db, image, old.Digest).Id, "gone", "404", recording.Now);
            return true;
        });
        await _graph.PushAsync("api", "1", Image("os1 api"));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4 stale" }));
    }

    [Test]
    public async Task Should_give_no_verdict_before_both_versions_are_read()
    {
        var (old, api) = (Image("os1"), Image("os1 api"));
        await _graph.PushAsync("api", "1", api);
        await _graph.BuiltAsync(Built("api", "1", api, Used("os:1", old)));
        Assert.That(_graph.Questions, Is.EqualTo(new[] { "api:1", "os:1", "os@" + old.Digest }));

        // the tag has left it already, and both are read at once: what the question named is past
        await _graph.PushAsync("os", "1", Image("os2"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }), "not read yet");

        await _graph.WriteAsync(recording =>
        {
            var image = Names.ImageOf(recording.Db, Host, "os");
            recording.Past(Names.TagOf(recording.Db, image, "1"), recording.Manifest(image, old));
            return true;
        });
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1 stale" }));
    }

    [Test]
    public async Task Should_take_a_child_for_current_whose_new_base_was_not_heard_of_yet()
    {
        var (old, @new, api) = (Image("os1"), Image("os2"), Image("os2 api"));
        await _graph.PushAsync("os", "1", old);
        await _graph.BuiltAsync(Built("api", "1", api, Used("os:1", @new)));
        await _graph.PushAsync("api", "1", api);
        await _graph.ReadAsync("os", @new);
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }));

        await _graph.PushAsync("os", "1", @new);
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }));

        await _graph.PushAsync("os", "1", Image("os3"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1 stale" }));
    }

    [Test]
    public async Task Should_conclude_nothing_from_what_cannot_be_used()
    {
        await _graph.PushAsync("os", "1", Image("os1"));
        await _graph.PushAsync("api", "1", Image("os1 api"));
        await _graph.WriteAsync(recording =>
        {
            var image = Names.ImageOf(recording.Db, Host, "os");
            var bad = Manifests.Find(recording.Db, image, Digest("bad")).Id;
            Manifests.Mark(recording.Db, bad, "bad", "its config is not JSON", recording.Now);
            return recording.Move(Names.TagOf(recording.Db, image, "1"), bad, "push");
        });
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4" }));
        Assert.That(_graph.Query<string>("select problem from tag join manifest on manifest.id = tag.manifest where problem <> ''"),
            Is.EqualTo(new[] { "its config is not JSON" }));

        await _graph.PushAsync("os", "1", Image("os2"));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4 stale" }));
    }

    [Test]
    public async Task Should_hand_on_what_has_changed_and_no_more()
    {
        await _graph.PushAsync("os", "1", Image("os1"));
        await _graph.PushAsync("api", "1", Image("os1 api"));
        await _graph.PushAsync("other", "1", Image("other"));
        await _graph.TakeUndecidedAsync();

        Assert.That(await _graph.PushAsync("os", "1", Image("os1")), Is.False);
        Assert.That(await _graph.TakeUndecidedAsync(), Is.Empty);

        Assert.That(await _graph.PushAsync("os", "1", Image("os2")), Is.True);
        Assert.That(await _graph.TakeUndecidedAsync(), Is.EqualTo(new[] { "os:1" }));

        await _graph.PushAsync("alias", "1", Image("os1"));
        Assert.That(await _graph.TakeUndecidedAsync(), Is.EqualTo(new[] { "alias:1", "api:1" }));
    }
}
