using FsCheck;
using FsCheck.Fluent;

namespace Builds.Gateway.Tests.Claiming;

public sealed class When_everything_happens_at_random
{
    private const int Steps = 80;

    /// <summary>Each triple is one step: what happens, to which build, in which way.</summary>
    [Test]
    public void Should_bring_every_build_to_one_outcome_and_every_tag_to_its_latest()
    {
        var steps = Gen.Elements(RandomWorld.Kinds)
            .SelectMany(kind => Gen.Choose(0, 255).SelectMany(which => Gen.Choose(0, 255).Select(how => (kind, which, how))))
            .ArrayOf(Steps);

        using var desk = new Desk();
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(100),
            Prop.ForAll(Arb.From(steps, Shorter), each => Holds(each, desk)));
    }

    private static void Holds((int Kind, int Which, int How)[] steps, Desk desk)
    {
        desk.Clear();
        var world = new RandomWorld(desk);
        foreach (var (kind, which, how) in steps)
        {
            world.Step(kind, which, how);
            world.CheckAlways();
        }

        world.ComeToRest();
        world.CheckAlways();
        world.CheckAtTheEnd();
    }

    // Halves first, then single steps left out: what remains is short enough to read.
    private static IEnumerable<(int, int, int)[]> Shorter((int, int, int)[] steps)
    {
        if (steps.Length > 1)
        {
            yield return steps[..(steps.Length / 2)];
            yield return steps[(steps.Length / 2)..];
        }

        for (var left = 0; left < steps.Length; left++)
            yield return [.. steps[..left], .. steps[(left + 1)..]];
    }
}
