using FsCheck;
using FsCheck.Fluent;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>Previews against the pushes themselves, over any tree and whatever has happened to it before.</summary>
public sealed class When_previews_are_compared
{
    private const int Steps = 30;

    [Test]
    public void Should_foretell_what_each_push_rebuilds_in_which_order_and_what_it_leaves()
    {
        var steps = Gen.Choose(0, RandomWorld.Kinds - 1)
            .SelectMany(kind => Gen.Choose(0, 255).Select(which => (kind, which))).ArrayOf(Steps);
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(30),
            Prop.ForAll(
                Arb.From(Gen.Choose(0, 9_999).SelectMany(seed => steps.Select(each => (seed, each))), Shorter),
                run => Holds(run.seed, run.each)));
    }

    private static void Holds(int seed, (int Kind, int Which)[] steps)
    {
        using var world = new RandomWorld(seed, isFlat: false);
        foreach (var (kind, which) in steps)
            world.Step(kind, which);
        world.ComeToRest();
        foreach (var root in world.Roots)
            world.CheckPreview(root);
    }

    private static IEnumerable<(int, (int, int)[])> Shorter((int Seed, (int, int)[] Steps) before)
    {
        var (seed, steps) = before;
        if (steps.Length > 1)
            yield return (seed, []);
        for (var left = 0; left < steps.Length; left++)
            yield return (seed, [.. steps[..left], .. steps[(left + 1)..]]);
    }
}
