using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.Parts;
using Dapper;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>What was told just now goes before what can wait, which is asked all the same.</summary>
public sealed class When_questions_take_turns
{
    private PlayedRegistries _played = null!;
    private TaskCompletionSource<string?> _gate = null!;

    [SetUp]
    public void SetUp()
    {
        _played = PlayedRegistries.Empty();
        _gate = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        _gate.TrySetResult(null); // whoever waits for it would not be stopped
        await _played.DisposeAsync();
    }

    [Test]
    public async Task Should_ask_about_a_push_before_all_that_was_asked_in_vain()
    {
        await AskInVainAsync(200);
        await PushAsync(1);

        await _played.StartAsync(together: 1);
        await Wait.UntilAsync("the push to be recorded", () => _played.Moves("os0:1").Count == 1);

        Assert.That(_played.Asked.ElementAt(200), Is.EqualTo("os0:1"));
    }

    [Test]
    public async Task Should_ask_about_a_push_before_what_was_found_by_a_look()
    {
        for (var i = 0; i < 50; i++)
            await _played.HintAsync($"found{i}:1", Image("found" + i), source: "reconcile");
        _played.Clock.Pass(TimeSpan.FromSeconds(1));
        await PushAsync(1);

        await _played.StartAsync(together: 1);
        await Wait.UntilAsync("the push to be recorded", () => _played.Moves("os0:1").Count == 1);

        Assert.That(_played.Asked.First(), Is.EqualTo("os0:1"));
    }

    [TestCase("reconcile", "push", 0)]
    [TestCase("push", "reconcile", 0)]
    [TestCase("watch", "reconcile", 1)]
    public async Task Should_keep_one_question_for_a_tag_in_the_better_turn(string first, string second, int turn)
    {
        await _played.HintAsync("os:1", Image("os"), source: first);
        await _played.HintAsync("os:1", Image("os"), source: second);

        Assert.That(_played.Graph.Query<int>("select turn from question"), Is.EqualTo(new[] { turn }));
    }

    [Test]
    public async Task Should_let_no_stream_of_pushes_keep_another_question_waiting()
    {
        await AskInVainAsync(1);
        await PushAsync(20);

        await _played.StartAsync(together: 1);
        await Wait.UntilAsync("five to be asked", () => _played.Asked.Count >= 6);

        Assert.That(_played.Asked.Skip(1).Take(4), Is.EqualTo(new[] { "os0:1", "os1:1", "os2:1", "absent0:1" }));
    }

    [Test]
    public async Task Should_let_no_stream_of_pushes_take_all_places()
    {
        await AskInVainAsync(1);
        await PushAsync(20);
        Shut("os", 20);

        await _played.StartAsync();
        await Wait.UntilAsync("four to be asked", () => _played.Asked.Count >= 5);

        Assert.That(_played.Asked.Skip(1), Does.Contain("absent0:1"));
    }

    [Test]
    public async Task Should_keep_a_place_for_a_push_while_others_take_long()
    {
        await AskInVainAsync(10);
        Shut("absent", 10);
        await _played.StartAsync();
        await Wait.UntilAsync("three to be asked", () => _played.Asked.Count == 13);

        await PushAsync(1);

        await Wait.UntilAsync("the push to be recorded", () => _played.Moves("os0:1").Count == 1);
    }

    [Test]
    public async Task Should_leave_a_push_as_it_is_while_the_registry_does_not_answer()
    {
        _played.Tags["os:1"] = () => throw new RegistryUnavailableException("connection refused");
        await _played.HintAsync("os:1", Image("os"));
        await _played.StartAsync();
        await Wait.UntilAsync("some tries", () =>
        {
            _played.Clock.Pass(TimeSpan.FromSeconds(61));
            return _played.Graph.Query<int>("select tries from question where tries > 5").Count == 1;
        });

        Assert.That(_played.Graph.Query<int>("select turn from question"), Is.EqualTo(new[] { 0 }));
    }

    [Test]
    public async Task Should_not_leave_a_registry_alone_that_is_well_and_fails_at_some_questions()
    {
        _played.AreWell = true;
        await LoseAsync(20);
        await PushAsync(1);

        await _played.StartAsync(together: 1);

        await Wait.UntilAsync("the push to be recorded", () => _played.Moves("os0:1").Count == 1);
        Assert.That(_played.Asked, Has.Count.EqualTo(21));
        Assert.That(_played.Graph.Query<int>("select turn from question"), Is.All.EqualTo(1));
    }

    [Test]
    public async Task Should_leave_a_registry_alone_that_does_not_answer()
    {
        await LoseAsync(20);
        await _played.StartAsync(together: 1);
        await Wait.UntilAsync(
            "a failure", () => _played.Graph.Query<int>("select tries from question where tries = 1").Count == 1);
        await PushAsync(1);
        await _played.StopAsync(); // all that it has begun is done

        Assert.That(_played.Asked, Is.EqualTo(new[] { "lost0:1" }));
    }

    [TestCase(null, 1)]
    [TestCase(0, 1)]
    [TestCase(300, 300)]
    public void Should_leave_a_registry_alone_for_as_long_as_it_asks(int? asked, int seconds)
    {
        var lane = new Lane(new LayersOptions());

        var until = lane.Failed(default, asked is { } pause ? TimeSpan.FromSeconds(pause) : null);

        Assert.That(until, Is.EqualTo(default(DateTimeOffset).AddSeconds(seconds)));
        Assert.That(lane.Until, Is.EqualTo(until));
    }

    [Test]
    public void Should_not_take_an_older_answer_for_the_end_of_that()
    {
        var lane = new Lane(new LayersOptions());
        var until = lane.Failed(default, TimeSpan.FromMinutes(5));

        lane.Answered();

        Assert.That(lane.Until, Is.EqualTo(until));
    }

    [Test]
    public async Task Should_not_ask_at_once_again_where_nothing_can_be_written()
    {
        await _played.Graph.Store.WriteAsync(
            db => { db.Execute("""
                create trigger full before update on question when old.registry = 'full.example.org'
                begin select raise(abort, 'the disk is full'); end
                """); },
            CancellationToken.None);
        await _played.HintAsync("absent:1", Image("os"), "full.example.org");
        await _played.StartAsync();
        await Wait.UntilAsync("it to be asked", () => _played.Asked.Count == 1);

        for (var i = 0; i < 20; i++)
        {
            _played.Holds($"os{i}:1", Image("os" + i));
            await _played.HintAsync($"os{i}:1", Image("os" + i));
            await Wait.UntilAsync("another to be recorded", () => _played.Moves($"os{i}:1").Count == 1);
        }

        Assert.That(_played.Asked.Count(asked => asked == "absent:1"), Is.EqualTo(1));
    }

    [Test]
    public async Task Should_ask_less_and_less_often_for_what_is_refused_until_there_is_news()
    {
        _played.Tags["private:1"] = () => throw new RegistryUnavailableException("403") { IsRefusal = true };
        await _played.HintAsync("private:1", Image("os"));
        await _played.StartAsync();
        foreach (var minutes in new[] { 1, 2, 4, 8 })
        {
            await Wait.UntilAsync("it to be put off", () => Pause() == TimeSpan.FromMinutes(minutes));
            _played.Clock.Pass(TimeSpan.FromMinutes(minutes));
        }

        await _played.HintAsync("private:1", Image("os"));
        await Wait.UntilAsync("it to be asked as at first", () => Pause() == TimeSpan.FromMinutes(1));
    }

    private TimeSpan? Pause() => _played.Graph
        .Query<long>("select due_at from question where tries > 0")
        .Select(due => DateTimeOffset.FromUnixTimeMilliseconds(due) - _played.Clock.GetUtcNow())
        .Cast<TimeSpan?>().SingleOrDefault();

    private async Task LoseAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _played.Tags[$"lost{i}:1"] = () => throw new RegistryUnavailableException("500");
            await _played.HintAsync($"lost{i}:1", Image("lost"));
        }
    }

    // Pushed under tags that the registry does not show; due again when it returns.
    private async Task AskInVainAsync(int count)
    {
        for (var i = 0; i < count; i++)
            await _played.HintAsync($"absent{i}:1", Image("absent" + i));
        await _played.StartAsync();
        await Wait.UntilAsync("each to be asked once",
            () => _played.Graph.Query<int>("select tries from question where tries = 1").Count == count);
        await _played.StopAsync();
        _played.Clock.Pass(TimeSpan.FromSeconds(10));
    }

    private async Task PushAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _played.Holds($"os{i}:1", Image("os" + i));
            await _played.HintAsync($"os{i}:1", Image("os" + i));
        }
    }

    private void Shut(string repository, int count)
    {
        for (var i = 0; i < count; i++)
            _played.Tags[$"{repository}{i}:1"] = () => _gate.Task;
    }
}
