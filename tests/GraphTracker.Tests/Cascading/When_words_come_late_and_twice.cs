using FsCheck;
using FsCheck.Fluent;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>Over the tables: bases are pushed, builds end, words come in any order, people build too, and the process dies.</summary>
public sealed class When_words_come_late_and_twice
{
    private const int Steps = 80;
    private const int StepsUntilRest = 20;

    /// <summary>The first number plants the images; each pair is one step: what happens, and to which.</summary>
    [Test]
    public void Should_rebuild_each_image_once_after_its_bases_and_forget_none() =>
        Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    /// <summary>
    /// Runs that one in thirty is like: what waits for a cascade is known before that which begins it.
    /// </summary>
    [TestCase(15461186838916865874UL, 14535714948864893721UL, 4)]
    public void Should_hold_also_where_chance_rarely_leads(ulong seed, ulong gamma, int size) =>
        Check(Config.QuickThrowOnFailure.WithMaxTest(1).WithReplay(seed, gamma, size));

    private static void Check(Config config)
    {
        var steps = Gen.Choose(0, 9_999).SelectMany(seed => Gen.Choose(0, RandomWorld.Kinds - 1)
            .SelectMany(kind => Gen.Choose(0, 255).Select(which => (kind, which)))
            .ArrayOf(Steps)
            .Select(each => (seed, each)));

        FsCheck.Check.One(
            config,
            Prop.ForAll(Arb.From(steps, Shorter), each => Holds(each.seed, each.each)));
    }

    private static void Holds(int seed, (int Kind, int Which)[] steps)
    {
        using var world = new RandomWorld(seed);
        foreach (var some in steps.Chunk(StepsUntilRest)) // what is left flagged is what the next ones begin with
        {
            foreach (var (kind, which) in some)
            {
                world.Step(kind, which);
                world.CheckAlways();
            }

            world.ComeToRest();
            world.CheckAlways();
            world.CheckAtTheEnd();
        }
    }

    // Halves first, then single steps left out: what remains is short enough to read.
    private static IEnumerable<(int, (int, int)[])> Shorter((int Seed, (int, int)[] Steps) before)
    {
        var steps = before.Steps;
        if (steps.Length > 1)
        {
            yield return (before.Seed, steps[..(steps.Length / 2)]);
            yield return (before.Seed, steps[(steps.Length / 2)..]);
        }

        for (var left = 0; left < steps.Length; left++)
            yield return (before.Seed, [.. steps[..left], .. steps[(left + 1)..]]);
    }
}
