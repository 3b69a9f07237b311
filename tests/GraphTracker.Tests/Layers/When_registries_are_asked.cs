using Builds.GraphTracker.Registries;
using Builds.Parts;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>What becomes of questions: they wait, fail, are refused, or are dropped, and none holds up another.</summary>
public sealed class When_registries_are_asked
{
    private PlayedRegistries _played = null!;

    [SetUp]
    public void SetUp() => _played = PlayedRegistries.Empty();

    [TearDown]
    public async Task TearDownAsync() => await _played.DisposeAsync();

    [Test]
    public async Task Should_wait_an_hour_for_a_registry_and_hold_up_no_other()
    {
        _played.Tags["down/os:1"] = () => throw new RegistryUnavailableException("connection refused");
        _played.Holds("os:1", Image("os1"));
        await _played.HintAsync("down/os:1", Image("os1"), "down.example.org");
        await _played.StartAsync();
        for (var minute = 0; minute < 60; minute++)
        {
            var asked = _played.Asked.Count(name => name == "down/os:1");
            await Wait.UntilAsync("another try", () =>
            {
                _played.Clock.Pass(TimeSpan.FromSeconds(61));
                return _played.Asked.Count(name => name == "down/os:1") > asked;
            });
        }

        await _played.HintAsync("os:1", Image("os1"));
        await Wait.UntilAsync("the other registry's answer", () => _played.Moves("os:1").Count == 1);
        Assert.That(_played.Graph.Questions, Is.EqualTo(new[] { "down/os:1" }));

        _played.Holds("down/os:1", Image("os1"));
        await Wait.UntilAsync("its answer at last", () =>
        {
            _played.Clock.Pass(TimeSpan.FromSeconds(61));
            return _played.Moves("down/os:1").Count == 1;
        });
    }

    [Test]
    public async Task Should_not_let_one_that_always_fails_hold_up_the_others_of_its_registry()
    {
        _played.Tags["locked:1"] = () => throw new RegistryUnavailableException("403 Forbidden");
        await _played.HintAsync("locked:1", Image("x"));
        for (var i = 0; i < 20; i++)
        {
            _played.Holds($"r{i}:1", Image("os" + i));
            await _played.HintAsync($"r{i}:1", Image("os" + i));
        }

        await _played.StartAsync();
        await Wait.UntilAsync("all the others", () =>
        {
            _played.Clock.Pass(TimeSpan.FromSeconds(1));
            return _played.Graph.Questions is ["locked:1"];
        });
    }

    [Test]
    public async Task Should_know_nothing_of_a_repository_that_is_gone_by_the_time_it_is_read()
    {
        _played.Tags["gone:1"] = () => Task.FromResult<string?>(null);
        await _played.HintAsync("gone:1", Image("x"));
        await _played.StartAsync();
        await _played.AnsweredAsync();

        Assert.That(_played.Graph.Query<string>("select name from tag"), Is.Empty);
    }

    [Test]
    public async Task Should_record_that_a_tag_was_deleted()
    {
        _played.Holds("os:1", Image("os1"));
        await _played.HintAsync("os:1", Image("os1"));
        await _played.StartAsync();
        await _played.AnsweredAsync();
        _played.Tags["os:1"] = () => Task.FromResult<string?>(null);
        await _played.HintAsync("os:1", Image("os1"));
        await _played.AnsweredAsync();

        Assert.That(_played.Graph.Query<string>("select coalesce(manifest, 'none') from tag"), Is.EqualTo(new[] { "none" }));
        Assert.That(_played.Graph.Query<long>("select moves from tag"), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public async Task Should_record_a_bad_manifest_with_its_problem_and_read_it_again_when_it_is_pushed_again()
    {
        _played.Holds("os:1", Image("os1"));
        var good = _played.Manifests[Image("os1").Digest];
        _played.Manifests[Image("os1").Digest] = () => throw new ManifestBadException("its config is not JSON");
        await _played.HintAsync("os:1", Image("os1"));
        await _played.StartAsync();
        await _played.AnsweredAsync();
        Assert.That(_played.Graph.Query<string>("select state || ': ' || problem from manifest"), Is.EqualTo(new[] { "bad: its config is not JSON" }));
        Assert.That(_played.Moves("os:1"), Has.Count.EqualTo(1));

        _played.Manifests[Image("os1").Digest] = good;
        await _played.HintAsync("os:1", Image("os1"));
        await _played.AnsweredAsync();
        Assert.That(_played.Graph.Query<string>("select state from manifest"), Is.EqualTo(new[] { "read" }));
        Assert.That(_played.Moves("os:1"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_drop_what_it_cannot_ask_and_ask_when_a_setting_knows_the_registry()
    {
        var (os, api) = (Image("os"), Image("os api"));
        _played.Manifests[os.Digest] = () => throw new UnknownRegistryException("registry.example.org");
        _played.Holds("api:1", api);
        await _played.Graph.BuiltAsync(Built("api", "1", api, Used("os:1", os)));
        await _played.StartAsync();
        await _played.AnsweredAsync();
        await _played.StopAsync();

        _played.Holds("os:1", os);
        _played.Holds("api:1", api);
        await _played.StartAsync();
        await Wait.UntilAsync("the base to be read",
            () => _played.Graph.Query<string>("select digest from manifest where state = 'read'").Contains(os.Digest));
    }

    [Test]
    public async Task Should_go_on_asking_a_registry_that_refuses_one_image()
    {
        _played.Tags["secret:1"] = () => throw new RegistryUnavailableException("403") { IsRefusal = true };
        _played.Holds("os:1", Image("os"));
        await _played.StartAsync();
        await _played.HintAsync("secret:1", Image("secret"));
        await Wait.UntilAsync("the one to be refused", () => _played.Asked.Contains("secret:1"));
        await _played.HintAsync("os:1", Image("os"));

        // no time passes: a registry that is left alone for a while would not be asked
        await Wait.UntilAsync("the other to be answered", () => _played.Moves("os:1").Count == 1);
        Assert.That(_played.Graph.Questions, Is.EqualTo(new[] { "secret:1" }), "it is asked again later");
    }
}
