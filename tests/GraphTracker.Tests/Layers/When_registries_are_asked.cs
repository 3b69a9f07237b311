using System.Collections.Concurrent;
using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.Parts;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>The order and the time of questions and answers, with registries whose every answer the test decides.</summary>
public sealed class When_registries_are_asked
{
    private readonly ConcurrentDictionary<string, Func<Task<string?>>> _tags = new();
    private readonly ConcurrentDictionary<string, Func<SeenManifest>> _manifests = new();
    private readonly ConcurrentQueue<string> _asked = new();

    private Graph _graph = null!;
    private ManualClock _clock = null!;
    private GraphTracker.Layers.Asking? _asking;

    [SetUp]
    public void SetUp()
    {
        _graph = Graph.Empty();
        _clock = new ManualClock();
        _tags.Clear();
        _manifests.Clear();
        _asked.Clear();
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        await StopAsync();
        await _graph.DisposeAsync();
    }

    [Test]
    public async Task Should_make_one_move_of_a_push_that_is_told_twice_and_late()
    {
        Holds("os:1", Image("os1"));
        await StartAsync();
        await HintAsync("os:1", Image("os1"));
        await HintAsync("os:1", Image("os1"));
        await AnsweredAsync();
        Holds("os:1", Image("os2"));
        await HintAsync("os:1", Image("os2"));
        await AnsweredAsync();
        await HintAsync("os:1", Image("os1")); // late: it is known, and long past
        await AnsweredAsync();

        Assert.That(Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os2").Digest }));
    }

    [Test]
    public async Task Should_make_one_move_of_a_push_of_ours_that_the_registry_tells_too([Values] bool buildFirst)
    {
        var (os, api) = (Image("os"), Image("os api"));
        Holds("os:1", os);
        Holds("api:1", api);
        await StartAsync();
        foreach (var build in new[] { buildFirst, !buildFirst })
        {
            await (build ? _graph.BuiltAsync(Built("api", "1", api, Used("os:1", os))) : HintAsync("api:1", api));
            await AnsweredAsync();
        }

        Assert.That(Moves("api:1"), Is.EqualTo(new[] { api.Digest }));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 1" }));
    }

    [Test]
    public async Task Should_know_what_a_tag_was_between_two_answers()
    {
        Holds("os:1", Image("os1"));
        await HintAsync("os:1", Image("os1"));
        await StartAsync();
        await AnsweredAsync();
        Knows(Image("os2"));
        Holds("os:1", Image("os3"));
        Holds("api:1", Image("os2 api"));
        await HintAsync("os:1", Image("os2"));
        await HintAsync("os:1", Image("os3"));
        await HintAsync("api:1", Image("os2 api"));
        await AnsweredAsync();

        Assert.That(Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os3").Digest }));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 4 stale" }));
    }

    [Test]
    public async Task Should_take_no_answer_for_the_last_word_that_was_under_way_when_it_was_asked_anew()
    {
        var held = new TaskCompletionSource<string?>();
        Knows(Image("os1"));
        _tags["os:1"] = () => held.Task;
        await HintAsync("os:1", Image("os1"));
        await StartAsync();
        await Wait.UntilAsync("the first question", () => _asked.Count == 1);
        await HintAsync("os:1", Image("os2"));
        Holds("os:1", Image("os2"));
        held.SetResult(Image("os1").Digest);
        await AnsweredAsync();

        Assert.That(Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os2").Digest }));
    }

    [Test]
    public async Task Should_ask_again_for_a_push_that_the_registry_does_not_show_yet([Values] bool isNew)
    {
        if (!isNew)
        {
            Holds("os:1", Image("os1"));
            await HintAsync("os:1", Image("os1"));
        }

        await StartAsync();
        await AnsweredAsync();
        var before = _asked.Count;
        Knows(Image("os2"));
        _tags["os:1"] = () => Task.FromResult(
            _asked.Count - before > 1 ? Image("os2").Digest : isNew ? null : Image("os1").Digest);
        await HintAsync("os:1", Image("os2"));
        await AnsweredAsync();

        Assert.That(Moves("os:1"), Has.Count.EqualTo(isNew ? 1 : 2));
        Assert.That(Moves("os:1")[^1], Is.EqualTo(Image("os2").Digest));
        Assert.That(_asked.Count - before, Is.EqualTo(2), "as often as it took");
    }

    [Test]
    public async Task Should_ask_again_for_a_version_that_was_put_back()
    {
        await StartAsync();
        foreach (var version in new[] { "os1", "os2" })
        {
            Holds("os:1", Image(version));
            await HintAsync("os:1", Image(version));
            await AnsweredAsync();
        }

        var before = _asked.Count;
        _tags["os:1"] = () => Task.FromResult<string?>(Image(_asked.Count - before > 1 ? "os1" : "os2").Digest);
        await HintAsync("os:1", Image("os1"));
        await AnsweredAsync();

        Assert.That(Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest, Image("os2").Digest, Image("os1").Digest }));
    }

    [Test]
    public async Task Should_believe_a_registry_that_never_shows_what_was_pushed()
    {
        Holds("os:1", Image("os1"));
        await HintAsync("os:1", Image("os1"));
        await StartAsync();
        await AnsweredAsync();
        var before = _asked.Count;
        await HintAsync("os:1", Image("os2"));
        await AnsweredAsync();

        Assert.That(Moves("os:1"), Is.EqualTo(new[] { Image("os1").Digest }));
        Assert.That(_asked.Count - before, Is.EqualTo(4));
    }

    [Test]
    public async Task Should_wait_an_hour_for_a_registry_and_hold_up_no_other()
    {
        _tags["down/os:1"] = () => throw new RegistryUnavailableException("connection refused");
        Holds("os:1", Image("os1"));
        await HintAsync("down/os:1", Image("os1"), "down.example.org");
        await StartAsync();
        for (var minute = 0; minute < 60; minute++)
        {
            var asked = _asked.Count(name => name == "down/os:1");
            await Wait.UntilAsync("another try", () =>
            {
                _clock.Pass(TimeSpan.FromSeconds(61));
                return _asked.Count(name => name == "down/os:1") > asked;
            });
        }

        await HintAsync("os:1", Image("os1"));
        await Wait.UntilAsync("the other registry's answer", () => Moves("os:1").Count == 1);
        Assert.That(_graph.Questions, Is.EqualTo(new[] { "down/os:1" }));

        Holds("down/os:1", Image("os1"));
        await Wait.UntilAsync("its answer at last", () =>
        {
            _clock.Pass(TimeSpan.FromSeconds(61));
            return Moves("down/os:1").Count == 1;
        });
    }

    [Test]
    public async Task Should_not_let_one_that_always_fails_hold_up_the_others_of_its_registry()
    {
        _tags["locked:1"] = () => throw new RegistryUnavailableException("403 Forbidden");
        await HintAsync("locked:1", Image("x"));
        for (var i = 0; i < 20; i++)
        {
            Holds($"r{i}:1", Image("os" + i));
            await HintAsync($"r{i}:1", Image("os" + i));
        }

        await StartAsync();
        await Wait.UntilAsync("all the others", () =>
        {
            _clock.Pass(TimeSpan.FromSeconds(1));
            return _graph.Questions is ["locked:1"];
        });
    }

    [Test]
    public async Task Should_know_nothing_of_a_repository_that_is_gone_by_the_time_it_is_read()
    {
        _tags["gone:1"] = () => Task.FromResult<string?>(null);
        await HintAsync("gone:1", Image("x"));
        await StartAsync();
        await AnsweredAsync();

        Assert.That(_graph.Query<string>("select name from tag"), Is.Empty);
    }

    [Test]
    public async Task Should_record_that_a_tag_was_deleted()
    {
        Holds("os:1", Image("os1"));
        await HintAsync("os:1", Image("os1"));
        await StartAsync();
        await AnsweredAsync();
        _tags["os:1"] = () => Task.FromResult<string?>(null);
        await HintAsync("os:1", Image("os1"));
        await AnsweredAsync();

        Assert.That(_graph.Query<string>("select coalesce(manifest, 'none') from tag"), Is.EqualTo(new[] { "none" }));
        Assert.That(_graph.Query<long>("select moves from tag"), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public async Task Should_record_a_bad_manifest_with_its_problem_and_read_it_again_when_it_is_pushed_again()
    {
        Holds("os:1", Image("os1"));
        var good = _manifests[Image("os1").Digest];
        _manifests[Image("os1").Digest] = () => throw new ManifestBadException("its config is not JSON");
        await HintAsync("os:1", Image("os1"));
        await StartAsync();
        await AnsweredAsync();
        Assert.That(_graph.Query<string>("select state || ': ' || problem from manifest"), Is.EqualTo(new[] { "bad: its config is not JSON" }));
        Assert.That(Moves("os:1"), Has.Count.EqualTo(1));

        _manifests[Image("os1").Digest] = good;
        await HintAsync("os:1", Image("os1"));
        await AnsweredAsync();
        Assert.That(_graph.Query<string>("select state from manifest"), Is.EqualTo(new[] { "read" }));
        Assert.That(Moves("os:1"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_drop_what_it_cannot_ask_and_ask_when_a_setting_knows_the_registry()
    {
        var (os, api) = (Image("os"), Image("os api"));
        _manifests[os.Digest] = () => throw new UnknownRegistryException("registry.example.org");
        Holds("api:1", api);
        await _graph.BuiltAsync(Built("api", "1", api, Used("os:1", os)));
        await StartAsync();
        await AnsweredAsync();
        await StopAsync();

        Holds("os:1", os);
        Holds("api:1", api);
        await StartAsync();
        await Wait.UntilAsync("the base to be read",
            () => _graph.Query<string>("select digest from manifest where state = 'read'").Contains(os.Digest));
    }

    [Test]
    public async Task Should_go_on_asking_a_registry_that_refuses_one_image()
    {
        _tags["secret:1"] = () => throw new RegistryUnavailableException("403") { IsRefusal = true };
        Holds("os:1", Image("os"));
        await StartAsync();
        await HintAsync("secret:1", Image("secret"));
        await Wait.UntilAsync("the one to be refused", () => _asked.Contains("secret:1"));
        await HintAsync("os:1", Image("os"));

        // no time passes: a registry that is left alone for a while would not be asked
        await Wait.UntilAsync("the other to be answered", () => Moves("os:1").Count == 1);
        Assert.That(_graph.Questions, Is.EqualTo(new[] { "secret:1" }), "it is asked again later");
    }

    private void Holds(string name, SeenImage image)
    {
        Knows(image);
        _tags[name] = () => Task.FromResult<string?>(image.Digest);
    }

    private void Knows(SeenImage image) => _manifests[image.Digest] = () => image;

    private Task HintAsync(string name, SeenImage image, string registry = Host) => _graph.Store.WriteAsync(db =>
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        Questions.AskTag(db, Names.ImageOf(db, registry, name[..colon]), name[(colon + 1)..], image.Digest, "push",
            _clock.GetUtcNow().ToUnixTimeMilliseconds());
    }, CancellationToken.None);

    private Task AnsweredAsync() => Wait.UntilAsync("all questions to be answered", () =>
    {
        _clock.Pass(TimeSpan.FromMilliseconds(100));
        return _graph.Questions.Count == 0;
    });

    private IReadOnlyList<string> Moves(string name) => _graph.Query<string>($"""
        select digest from tag_move
          join tag on tag.id = tag_move.tag join image on image.id = tag.image
          join manifest on manifest.id = tag_move.new_manifest
         where image.repository || ':' || tag.name = '{name}' order by number
        """);

    private async Task StartAsync()
    {
        var options = Options.Create(new LayersOptions());
        var inquiry = new Inquiry(_graph.Store, DigestOfAsync, ReadAsync);
        _asking = Make(inquiry, options);
        await _asking.StartAsync(CancellationToken.None);
    }

    private GraphTracker.Layers.Asking Make(Inquiry inquiry, IOptions<LayersOptions> options) => new(
        _graph.Store, inquiry, new DueQuestions(_graph.Store, options), options, _clock,
        NullLogger<GraphTracker.Layers.Asking>.Instance);

    private async Task StopAsync()
    {
        if (_asking is null)
            return;
        await _asking.StopAsync(CancellationToken.None);
        _asking.Dispose();
        _asking = null;
    }

    private async Task<string?> DigestOfAsync(ImageReference image, string tag, CancellationToken cancel)
    {
        var name = $"{image.Repository}:{tag}";
        _asked.Enqueue(name);
        return _tags.TryGetValue(name, out var answer) ? await answer() : null;
    }

    private Task<SeenManifest> ReadAsync(ImageReference image, string digest, CancellationToken cancel) =>
        Task.Run(() => _manifests.TryGetValue(digest, out var answer)
            ? answer()
            : throw new ManifestGoneException(digest), cancel);
}
