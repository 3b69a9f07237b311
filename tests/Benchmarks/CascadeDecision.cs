using System.Diagnostics;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Storing;
using Builds.Parts;
using Microsoft.Extensions.Options;

namespace Builds.Benchmarks;

/// <summary>
/// A base on which 100 000 defined images stand, in a graph of 660 000 others and two million layers, is pushed: read what
/// that concerns, decide, write it. The decisions that come after: each takes the end of one rebuild, and asks for the
/// next. And what the push would do, asked beforehand.
/// </summary>
public static class CascadeDecision
{
    private static readonly CascadeOptions Settings = new() { SettleSeconds = 0, MostImages = 1_000_000 };

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        using var folder = new TempFolder("cascade-decision");
        await using var store = new GraphStore(Options.Create(new StoreOptions { Folder = folder.FullPath }));
        for (var tree = 0; tree < SyntheticGraph.Trees; tree++)
            await SyntheticGraph.GrowAsync(store, tree);
        return [.. await MeasureAsync(store, 2, "two", rounds), .. await MeasureAsync(store, 4, "four", rounds)];
    }

    private static async Task<IEnumerable<Row>> MeasureAsync(GraphStore store, int storeys, string word, int rounds)
    {
        var cascade = await store.WriteAsync(db => SyntheticCascade.Grow(db, storeys), CancellationToken.None);
        var (preview, next) = (new List<double>(), new List<double>());
        var (most, mostOfPreview) = (new List<double>(), new List<double>());
        var decision = new Side("decision", async round =>
        {
            Surroundings.ForgetPeak();
            var previewed = Preview(store, cascade);
            mostOfPreview.Add(Peak);
            await store.WriteAsync(cascade.Push, CancellationToken.None);
            Surroundings.ForgetPeak();
            var decided = await DecideAsync(store, SyntheticCascade.Images);
            most.Add(Peak);
            await store.WriteAsync(SyntheticCascade.EndRebuild, CancellationToken.None);
            var after = await DecideAsync(store, 1);
            await store.WriteAsync(cascade.Undo, CancellationToken.None);
            if (round > 0)
            {
                preview.Add(previewed);
                next.Add(1000 * after);
            }

            return decided;
        });
        var query = BareQuery.Side(store, cascade.Base, SyntheticCascade.Images);
        await Side.RunAsync(rounds, warmUp: true, decision, query);
        return
        [
            new Row(
                $"a cascade of 100 000 images on {word} storeys: read, decided, written", "s", decision.Values,
                "at most 5 s", query),
            new Row("the next decision in it, when one rebuild has failed", "ms", next, "–"),
            new Row("its preview, before the push", "s", preview, "–"),
            new Row("most memory of the process that decides it", "MB", most, "–"),
            new Row("and of one that previews it", "MB", mostOfPreview, "–"),
        ];
    }

    private static double Peak => Surroundings.Megabytes(Environment.ProcessId, "VmHWM");

    private static async Task<double> DecideAsync(GraphStore store, int atLeast)
    {
        var watch = Stopwatch.StartNew();
        var decided = await store.WriteAsync(db => Round.Run(db, Settings, Now), CancellationToken.None);
        return decided.Outdated >= atLeast && decided.Asked.Count > 0
            ? watch.Elapsed.TotalSeconds
            : throw new PartException($"only {decided.Outdated} are outdated, and {decided.Asked.Count} were asked for");
    }

    private static double Preview(GraphStore store, SyntheticCascade cascade)
    {
        var watch = Stopwatch.StartNew();
        var preview = store.Read(db => new Preview(db, Settings, Now).Of(cascade.Base, "the base"));
        return preview.RebuiltCount >= SyntheticCascade.Images
            ? watch.Elapsed.TotalSeconds
            : throw new PartException($"only {preview.RebuiltCount} would be rebuilt");
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
}
