using System.Diagnostics;
using System.Globalization;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Benchmarks;

/// <summary>
/// A graph of 660 000 images and two million layers: what stands on an image, what a push costs at three sizes, and what
/// a GraphTracker that has it takes for a thousand of them.
/// </summary>
public static class LargeGraph
{
    private const int PushesARound = 100;
    private static readonly int[] Sizes = [1, 10, SyntheticGraph.Trees];

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        using var folder = new TempFolder("large-graph");
        var rows = new List<Row>();
        await using (var store = new GraphStore(Options.Create(new StoreOptions { Folder = folder.FullPath })))
        {
            var trees = 0;
            foreach (var size in Sizes)
            {
                for (; trees < size; trees++)
                    await SyntheticGraph.GrowAsync(store, trees);
                rows.Add(await PushAsync(store, rounds, trees));
            }

            rows.Add(await PushRootAsync(store, rounds));
            rows.AddRange(await WalkAsync(store, rounds));
            rows.Add(new Row("layers in that graph", "", [Count(store, "chain")], "2 000 000"));
        }

        rows.AddRange(await ThousandPushes.RunAsync(folder));
        return rows;
    }

    /// <summary>New images on leaves all over the graph, each a repository of its own, each waited for.</summary>
    private static async Task<Row> PushAsync(GraphStore store, int rounds, int trees)
    {
        var medians = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            var each = new List<double>();
            for (var push = 0; push < PushesARound; push++)
                each.Add(await PushOneAsync(store, push * 7 % trees, $"/{push}/7/new-{trees}-{round}", ""));
            if (round > 0)
                medians.Add(Median(each));
        }

        var images = (trees * SyntheticGraph.TreeSize).ToString("# ##0", CultureInfo.InvariantCulture);
        return new Row($"a push recorded, {images} images", "ms", medians, "median at most 5 ms");
    }

    private static async Task<Row> PushRootAsync(GraphStore store, int rounds)
    {
        var each = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            var milliseconds = await PushOneAsync(store, 1, "", "-" + round);
            if (round > 0)
                each.Add(milliseconds);
        }

        return new Row("the same, of a base on which 10 000 stand", "ms", each, "–");
    }

    private static async Task<double> PushOneAsync(GraphStore store, int tree, string place, string version)
    {
        var seen = SyntheticGraph.Image(tree, place, version);
        var repository = SyntheticGraph.Repository(tree, place);
        var watch = Stopwatch.StartNew();
        await store.WriteAsync(db => Recording.Run(db, TimeProvider.System.GetUtcNow(), recording =>
        {
            var image = Names.ImageOf(db, SyntheticGraph.Host, repository);
            var tag = Names.TagOf(db, image, "latest");
            if (!recording.Move(tag, recording.Manifest(image, seen), "push"))
                throw new PartException($"{repository} had been pushed before");
        }), CancellationToken.None);
        return watch.Elapsed.TotalMilliseconds;
    }

    private static async Task<IEnumerable<Row>> WalkAsync(GraphStore store, int rounds)
    {
        var root = Root(store);
        var children = store.Read(db => db.Query<(long Base, long Tag)>("select base_tag, tag from footing").ToLookup(
            edge => edge.Base, edge => edge.Tag));
        var walk = new Side("GraphWalk", _ => Timed(() => store.Read(db => GraphWalk.Above(db, [root], 20_000).Edges.Count)));
        var query = BareQuery.Side(store, root, SyntheticGraph.TreeSize - 1);
        var memory = new Side("in-memory walk", _ => Timed(() => InMemory(children, root)));
        await Side.RunAsync(rounds, warmUp: true, walk, query, memory);
        const string what = "who stands on this: 10 000 derived, with names and evidence";
        return
        [
            new Row(what, "s", walk.Values, "at most 0.3 s", query),
            new Row(what, "s", walk.Values, "at most 0.3 s", memory),
        ];
    }

    private static int InMemory(ILookup<long, long> children, long root)
    {
        var seen = new HashSet<long>();
        var open = new Stack<long>([root]);
        while (open.TryPop(out var tag))
        {
            foreach (var child in children[tag].Where(seen.Add))
                open.Push(child);
        }

        return seen.Count;
    }

    private static Task<double> Timed(Func<int> work)
    {
        var watch = Stopwatch.StartNew();
        var found = work();
        return found >= SyntheticGraph.TreeSize - 1
            ? Task.FromResult(watch.Elapsed.TotalSeconds)
            : throw new PartException($"only {found} were found");
    }

    private static long Root(GraphStore store) => store.Read(db => db.QuerySingle<long>(
        "select tag.id from tag join image on image.id = tag.image where repository = @repository",
        new { repository = SyntheticGraph.Repository(2, "") }));

    private static double Count(GraphStore store, string table) =>
        store.Read((SqliteConnection db) => db.QuerySingle<long>($"select count(*) from {table}"));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
