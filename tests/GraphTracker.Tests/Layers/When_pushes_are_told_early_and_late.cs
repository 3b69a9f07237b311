using Builds.Parts;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>The order and the time of hints and answers: told twice, late, before the tag is written, or meanwhile.</summary>
public sealed class When_pushes_are_told_early_and_late
{
    private PlayedRegistries _played = null!;

    [SetUp]
    public void SetUp() => _played = PlayedRegistries.Empty();

    [TearDown]
    public async Task TearDownAsync() => await _played.DisposeAsync();

    [Test]
    public async Task Should_make_one_move_of_a_push_that_is_told_twice_and_late()
    {
        _played.Holds("os:1", Image("os1"));
        await _played.StartAsync();
        await _played.HintAsync("os:1", Image("os1"));
        await _played.HintAsync("os:1", Image("os1"));
        await _played.AnsweredAsync();
        _played.Holds("os:1", Image("os2"));
        await _played.HintAsync("os:1", Image("os2"));
        await _played.AnsweredAsync();
        await _played.HintAsync("os:1", Image("os1")); // late: it is known, and long past
        await _played.AnsweredAsync();

        Assert.That(_played.Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os2").Digest }));
    }

    [Test]
    public async Task Should_make_one_move_of_a_push_of_ours_that_the_registry_tells_too([Values] bool buildFirst)
    {
        var (os, api) = (Image("os"), Image("os api"));
        _played.Holds("os:1", os);
        _played.Holds("api:1", api);
        await _played.StartAsync();
        foreach (var build in new[] { buildFirst, !buildFirst })
        {
            await (build ? _played.Graph.BuiltAsync(Built("api", "1", api, Used("os:1", os))) : _played.HintAsync("api:1", api));
            await _played.AnsweredAsync();
        }

        Assert.That(_played.Moves("api:1"), Is.EqualTo(new[] { api.Digest }));
        Assert.That(_played.Graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }));
    }

    [Test]
    public async Task Should_know_what_a_tag_was_between_two_answers()
    {
        _played.Holds("os:1", Image("os1"));
        await _played.HintAsync("os:1", Image("os1"));
        await _played.StartAsync();
        await _played.AnsweredAsync();
        _played.Knows(Image("os2"));
        _played.Holds("os:1", Image("os3"));
        _played.Holds("api:1", Image("os2 api"));
        await _played.HintAsync("os:1", Image("os2"));
        await _played.HintAsync("os:1", Image("os3"));
        await _played.HintAsync("api:1", Image("os2 api"));
        await _played.AnsweredAsync();

        Assert.That(_played.Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os3").Digest }));
        Assert.That(_played.Graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4 stale" }));
    }

    [Test]
    public async Task Should_take_no_answer_for_the_last_word_that_was_under_way_when_it_was_asked_anew()
    {
        var held = new TaskCompletionSource<string?>();
        _played.Knows(Image("os1"));
        _played.Tags["os:1"] = () => held.Task;
        await _played.HintAsync("os:1", Image("os1"));
        await _played.StartAsync();
        await Wait.UntilAsync("the first question", () => _played.Asked.Count == 1);
        await _played.HintAsync("os:1", Image("os2"));
        _played.Holds("os:1", Image("os2"));
        held.SetResult(Image("os1").Digest);
        await _played.AnsweredAsync();

        Assert.That(_played.Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os2").Digest }));
    }

    [Test]
    public async Task Should_ask_again_for_a_push_that_the_registry_does_not_show_yet([Values] bool isNew)
    {
        if (!isNew)
        {
            _played.Holds("os:1", Image("os1"));
            await _played.HintAsync("os:1", Image("os1"));
        }

        await _played.StartAsync();
        await _played.AnsweredAsync();
        var before = _played.Asked.Count;
        _played.Knows(Image("os2"));
        _played.Tags["os:1"] = () => Task.FromResult(
            _played.Asked.Count - before > 1 ? Image("os2").Digest : isNew ? null : Image("os1").Digest);
        await _played.HintAsync("os:1", Image("os2"));
        await _played.AnsweredAsync();

        Assert.That(_played.Moves("os:1"), Has.Count.EqualTo(isNew ? 1 : 2));
        Assert.That(_played.Moves("os:1")[^1], Is.EqualTo(Image("os2").Digest));
        Assert.That(_played.Asked.Count - before, Is.EqualTo(2), "as often as it took");
    }

    [Test]
    public async Task Should_ask_again_for_a_version_that_was_put_back()
    {
        await _played.StartAsync();
        foreach (var version in new[] { "os1", "os2" })
        {
            _played.Holds("os:1", Image(version));
            await _played.HintAsync("os:1", Image(version));
            await _played.AnsweredAsync();
        }

        var before = _played.Asked.Count;
        _played.Tags["os:1"] = () => Task.FromResult<string?>(Image(_played.Asked.Count - before > 1 ? "os1" : "os2").Digest);
        await _played.HintAsync("os:1", Image("os1"));
        await _played.AnsweredAsync();

        Assert.That(_played.Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os2").Digest, Image("os1").Digest }));
    }

    [Test]
    public async Task Should_believe_a_registry_that_never_shows_what_was_pushed()
    {
        _played.Holds("os:1", Image("os1"));
        await _played.HintAsync("os:1", Image("os1"));
        await _played.StartAsync();
        await _played.AnsweredAsync();
        var before = _played.Asked.Count;
        await _played.HintAsync("os:1", Image("os2"));
        await _played.AnsweredAsync();

        Assert.That(_played.Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest }));
        Assert.That(_played.Asked.Count - before, Is.EqualTo(4));
    }
}
