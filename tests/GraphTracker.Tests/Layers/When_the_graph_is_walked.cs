using Builds.Contracts;
using Builds.GraphTracker.Layers;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

public sealed class When_the_graph_is_walked
{
    private Graph _graph = null!;

    [SetUp]
    public async Task SetUpAsync()
    {
        _graph = Graph.Empty();
        await _graph.PushAsync("os", "1", Image("os"));
        await _graph.PushAsync("left", "1", Image("os left"));
        await _graph.PushAsync("right", "1", Image("os right"));
        var top = Image("os left top");
        await _graph.PushAsync("top", "1", top);
        await _graph.BuiltAsync(Built("top", "1", top,
            Used("left:1", Image("os left")), Used("right:1", Image("os right"), BaseImageKind.CopyFrom, final: false)));
    }

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [Test]
    public void Should_go_up_a_diamond_storey_by_storey() =>
        Assert.That(Walked(GraphWalk.Above, "os"), Is.EquivalentTo(new[]
        {
            "1 left > os layers", "1 right > os layers", "2 top > left build record", "2 top > right build record",
        }));

    [Test]
    public void Should_go_down_a_diamond_storey_by_storey() =>
        Assert.That(Walked(GraphWalk.Below, "top"), Is.EquivalentTo(new[]
        {
            "1 top > left build record", "1 top > right build record", "2 left > os layers", "2 right > os layers",
        }));

    [Test]
    public async Task Should_come_to_an_end_in_a_cycle()
    {
        var (a, b) = (Image("a"), Image("b"));
        await _graph.PushAsync("a", "1", a);
        await _graph.PushAsync("b", "1", b);
        await _graph.BuiltAsync(Built("a", "1", a, Used("b:1", b)));
        await _graph.BuiltAsync(Built("b", "1", b, Used("a:1", a)));

        Assert.That(Walked(GraphWalk.Above, "a"), Is.EqualTo(new[] { "1 b > a build record", "2 a > b build record" }));
        Assert.That(Walked(GraphWalk.Below, "a"), Is.EqualTo(new[] { "1 a > b build record", "2 b > a build record" }));
    }

    [Test]
    public async Task Should_show_an_image_that_is_its_own_base()
    {
        var self = Image("self");
        await _graph.PushAsync("self", "1", self);
        await _graph.BuiltAsync(Built("self", "1", self, Used("self:1", self)));

        Assert.That(Walked(GraphWalk.Above, "self"), Is.EqualTo(new[] { "1 self > self build record" }));
    }

    [Test]
    public void Should_say_that_there_is_more_than_was_asked_for()
    {
        var (edges, truncated) = _graph.Store.Read(db => GraphWalk.Above(db, Start("os"), 3));
        Assert.That((edges.Count, truncated), Is.EqualTo((3, true)));

        (edges, truncated) = _graph.Store.Read(db => GraphWalk.Above(db, Start("os"), 4));
        Assert.That((edges.Count, truncated), Is.EqualTo((4, false)));
    }

    private List<long> Start(string repository) =>
        [.. _graph.Query<long>($"select tag.id from tag join image on image.id = tag.image where repository = '{repository}'")];

    private IEnumerable<string> Walked(
        Func<Microsoft.Data.Sqlite.SqliteConnection, IReadOnlyList<long>, int, (IReadOnlyList<GraphEdge> Edges, bool)> walk,
        string repository) =>
        _graph.Store.Read(db => walk(db, Start(repository), 100)).Edges
            .Select(edge => $"{edge.Depth} {edge.Child} > {edge.Base} {edge.Evidence}"
                .Replace(Host + "/", "", StringComparison.Ordinal).Replace(":1", "", StringComparison.Ordinal));
}
