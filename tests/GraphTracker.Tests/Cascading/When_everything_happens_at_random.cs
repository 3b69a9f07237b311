using FsCheck;
using FsCheck.Fluent;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_everything_happens_at_random
{
    /// <summary>Pushes, ends of rebuilds, failures, repetitions and restarts, in any order, over any tree.</summary>
    [Test]
    public void Should_rebuild_never_twice_never_too_early_and_forget_nothing()
    {
        var shape = Gen.Choose(0, 1_000_000).ArrayOf(14);
        var steps = Gen.Choose(0, 3).SelectMany(kind => Gen.Choose(0, 1_000).Select(which => (kind, which))).ArrayOf(60);

        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(Arb.From(shape.SelectMany(seeds => steps.Select(each => (seeds, each))), Shorter), Holds));
    }

    private static void Holds((int[] Shape, (int Kind, int Which)[] Steps) run)
    {
        var tree = new RandomTree(run.Shape);
        foreach (var (kind, which) in run.Steps)
            tree.Step(kind, which);
        tree.ComeToRest();
    }

    // Halves first, then single steps left out: what remains is short enough to read.
    private static IEnumerable<(int[], (int, int)[])> Shorter((int[] Shape, (int, int)[] Steps) run)
    {
        var (shape, steps) = run;
        if (steps.Length > 1)
        {
            yield return (shape, steps[..(steps.Length / 2)]);
            yield return (shape, steps[(steps.Length / 2)..]);
        }

        for (var left = 0; left < steps.Length; left++)
            yield return (shape, [.. steps[..left], .. steps[(left + 1)..]]);
    }
}
