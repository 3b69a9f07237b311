using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Dapper;
using Microsoft.Extensions.Options;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>What nobody here has built says itself on what it stands: also on what its base was long before.</summary>
public sealed class When_a_label_names_a_base
{
    private static readonly SeenImage Old = Image("os1");
    private static readonly SeenImage New = Image("os2");

    private readonly Dictionary<string, SeenImage> _tags = [];
    private readonly Dictionary<string, SeenManifest> _manifests = [];
    private Graph _graph = null!;

    [SetUp]
    public void SetUp()
    {
        _graph = Graph.Empty();
        _tags.Clear();
        _manifests.Clear();
        _manifests[Old.Digest] = Old;
        Holds("os:1", New);
    }

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [Test]
    public async Task Should_find_it_outdated_at_first_sight([Values] bool isBaseKnown)
    {
        if (isBaseKnown)
            await HintAsync("os:1", New);
        await HintAsync("api:1", Labelled(Old));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 3 stale" }));
        Assert.That(await _graph.TakeUndecidedAsync(), Has.Member(isBaseKnown ? "os:1" : "api:1"));
    }

    [Test]
    public async Task Should_find_outdated_what_an_attestation_says()
    {
        var api = Image("os1 api");
        _manifests[api.Digest] = api;
        var index = Index(api) with
        {
            Provenance = new Dictionary<string, IReadOnlyList<SeenBase>> { [api.Digest] = [Named("os", "1", Old)] },
        };
        _manifests[index.Digest] = index;
        await _graph.PushAsync("api", "1", index);
        await AnswerAsync();

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 2 stale" }));
    }

    [Test]
    public async Task Should_take_one_for_current_whose_base_has_moved_unheard()
    {
        Holds("os:1", Old);
        await HintAsync("os:1", Old);
        Holds("os:1", New);
        await _graph.ReadAsync("os", New);
        await _graph.PushAsync("api", "1", Labelled(New));
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 3" }), "before the registry has answered");

        await AnswerAsync();
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 3" }));
        Assert.That(_graph.Query<long>("select moves from tag where name = '1' order by id"), Is.EqualTo(new[] { 2, 1 }));
    }

    [Test]
    public async Task Should_conclude_nothing_where_the_registry_has_collected_it()
    {
        _manifests.Remove(Old.Digest);
        await HintAsync("api:1", Labelled(Old));

        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 3" }));
        Assert.That(_graph.Query<string>($"select state from manifest where digest = '{Old.Digest}'"),
            Is.EqualTo(new[] { "gone" }));
        Assert.That(_graph.Query<long>("select count(*) from tag_past").Single(), Is.EqualTo(2), "what the tags point to");
    }

    [Test]
    public async Task Should_find_it_at_the_next_start_where_its_question_was_dropped()
    {
        await _graph.PushAsync("os", "1", New);
        await _graph.PushAsync("api", "1", Labelled(Old));
        await _graph.Store.WriteAsync(db => { db.Execute("delete from question"); }, CancellationToken.None);
        await Questions.AskForWantedAsync(_graph.Now, CancellationToken.None);
        await AnswerAsync();
        Assert.That(_graph.Footings, Is.EqualTo(new[] { "api:1 → os:1 finalFrom 3 stale" }));

        await Questions.AskForWantedAsync(_graph.Now, CancellationToken.None);
        Assert.That(_graph.Questions, Is.Empty, "it is known now");
    }

    private DueQuestions Questions => new(_graph.Store, Options.Create(new LayersOptions()));

    private void Holds(string name, SeenImage image)
    {
        _tags[name] = image;
        _manifests[image.Digest] = image;
    }

    private SeenImage Labelled(SeenImage on)
    {
        var image = Image($"flat-{on.Digest}", annotated: Named("os", "1", on));
        Holds("api:1", image);
        return image;
    }

    private async Task HintAsync(string name, SeenImage image)
    {
        var parts = name.Split(':');
        await _graph.WriteAsync(recording =>
        {
            GraphTracker.Layers.Questions.AskTag(recording.Db, Names.ImageOf(recording.Db, Host, parts[0]), parts[1],
                image.Digest, "push", recording.Now);
            return true;
        });
        await AnswerAsync();
    }

    private async Task AnswerAsync()
    {
        var inquiry = new Inquiry(
            _graph.Store, DigestOfAsync, ReadAsync, (_, error, _) => Task.FromResult(error.IsRefusal));
        while ((Due(turn: 0) ?? Due(turn: 1)) is { } question)
        {
            var answer = await inquiry.AskAsync(question, CancellationToken.None);
            await _graph.WriteAsync(recording => Answers.Record(recording, question, answer));
        }
    }

    private Question? Due(int turn) => Questions.Due(Host, turn, _graph.Now, 1) is [var question, ..] ? question : null;

    private Task<string?> DigestOfAsync(ImageReference image, string tag, CancellationToken cancel) =>
        Task.FromResult(_tags.GetValueOrDefault($"{image.Repository}:{tag}")?.Digest);

    private Task<SeenManifest> ReadAsync(ImageReference image, string digest, CancellationToken cancel) =>
        _manifests.TryGetValue(digest, out var seen)
            ? Task.FromResult(seen)
            : Task.FromException<SeenManifest>(new ManifestGoneException(digest));
}
