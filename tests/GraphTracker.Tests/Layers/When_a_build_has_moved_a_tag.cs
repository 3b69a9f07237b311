using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Dapper;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>Which move a build has made, in whatever order the move is seen and the build's record comes.</summary>
public sealed class When_a_build_has_moved_a_tag
{
    private static readonly SeenImage Made = Image("api");
    private static readonly SeenImage Other = Image("other");

    private Graph _graph = null!;

    [SetUp]
    public void SetUp() => _graph = Graph.Empty();

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [Test]
    public async Task Should_be_named_with_that_move_and_not_with_those_that_put_it_back([Values(0, 1, 2, 3)] int recordIs)
    {
        var build = Built("api", "1", Made) with { CompletedAt = _graph.Now };
        var moves = new[] { Made, Other, Made };
        for (var step = 0; step <= moves.Length; step++)
        {
            if (step >= recordIs)
                await _graph.BuiltAsync(build); // and once more
            if (step < moves.Length)
                await _graph.PushAsync("api", "1", moves[step]);
        }

        Assert.That(Moves("1"), Is.EqualTo(new[] { build.BuildId.ToString(), "", "" }));
    }

    [Test]
    public async Task Should_be_the_first_of_those_that_made_the_same([Values(0, 1, 2, 3, 4, 5)] int order)
    {
        var early = Built("api", "1", Made) with { CompletedAt = _graph.Now.AddMinutes(1) };
        var late = Built("api", "1", Made) with { CompletedAt = _graph.Now.AddMinutes(2) };
        Func<Task>[] words = [() => _graph.BuiltAsync(early), () => _graph.BuiltAsync(late), () => _graph.PushAsync("api", "1", Made)];
        foreach (var word in OrderOf(order))
            await words[word]();

        Assert.That(Moves("1"), Is.EqualTo(new[] { early.BuildId.ToString() }));
    }

    [Test]
    public async Task Should_be_the_one_that_made_it_again_once_the_tag_had_left_it([Values(0, 1, 2, 3, 4, 5)] int order)
    {
        var first = Built("api", "1", Made) with { CompletedAt = _graph.Now };
        await _graph.PushAsync("api", "1", Made);
        await _graph.PushAsync("api", "1", Other);
        var again = Built("api", "1", Made) with { CompletedAt = _graph.Now.AddSeconds(5) };
        _graph.Now = again.CompletedAt;
        Func<Task>[] words = [() => _graph.BuiltAsync(first), () => _graph.BuiltAsync(again), () => _graph.PushAsync("api", "1", Made)];
        foreach (var word in OrderOf(order))
            await words[word]();

        Assert.That(Moves("1"), Is.EqualTo(new[] { first.BuildId.ToString(), "", again.BuildId.ToString() }));
    }

    [Test]
    public async Task Should_not_be_named_where_it_was_missed_and_is_put_back([Values] bool recordFirst)
    {
        var build = Built("api", "1", Made) with { CompletedAt = _graph.Now };
        if (recordFirst)
            await _graph.BuiltAsync(build);
        await _graph.WriteAsync(recording =>
        {
            var image = Names.ImageOf(recording.Db, Host, "api");
            recording.Past(Names.TagOf(recording.Db, image, "1"), recording.Manifest(image, Made));
            return true;
        });
        await _graph.PushAsync("api", "1", Other);
        await _graph.PushAsync("api", "1", Made);
        if (!recordFirst)
            await _graph.BuiltAsync(build);

        Assert.That(Moves("1"), Is.EqualTo(new[] { "", "" }));
    }

    [Test]
    public async Task Should_not_be_named_with_tags_that_it_has_not_pushed([Values] bool recordFirst)
    {
        var build = Built("api", "1", Made);
        if (recordFirst)
            await _graph.BuiltAsync(build);
        await _graph.PushAsync("api", "1", Made);
        await _graph.PushAsync("api", "stable", Made);
        if (!recordFirst)
            await _graph.BuiltAsync(build);

        Assert.That(Moves("1").Concat(Moves("stable")), Is.EqualTo(new[] { build.BuildId.ToString(), "" }));
    }

    [TestCase("none")]
    [TestCase("{}")]
    [TestCase("7")]
    public async Task Should_keep_no_move_from_being_seen_where_its_record_is_damaged(string record)
    {
        await _graph.BuiltAsync(Built("api", "1", Made));
        await _graph.Store.WriteAsync(
            db => { db.Execute("update build set completed = @record", new { record }); }, CancellationToken.None);
        await _graph.PushAsync("api", "1", Made);

        Assert.That(Moves("1"), Is.EqualTo(new[] { "" }));
    }

    private static int[] OrderOf(int permutation) => permutation switch
    {
        0 => [0, 1, 2],
        1 => [0, 2, 1],
        2 => [1, 0, 2],
        3 => [1, 2, 0],
        4 => [2, 0, 1],
        _ => [2, 1, 0],
    };

    /// <summary>The build of each move of a tag; empty where it has none.</summary>
    private IReadOnlyList<string> Moves(string tag) => _graph.Query<string>($"""
        select coalesce(build, '') from tag_move join tag on tag.id = tag_move.tag where tag.name = '{tag}' order by number
        """);
}
