using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Cascading.Decision;
using FsCheck;
using FsCheck.Fluent;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>The decision against one that is slow and obvious, on graphs and states of every kind.</summary>
public sealed class When_a_decision_is_compared
{
    private static readonly Config Often = Config.QuickThrowOnFailure.WithMaxTest(3000);

    [Test]
    public void Should_come_to_what_the_obvious_model_says() => Check(snapshot =>
    {
        Compare(snapshot, isAllCancelled: false);
        var cascades = Cascade.Decide(snapshot).Values.Select(verdict => verdict.Cascade).OfType<string>();
        Compare(snapshot with { Cancelled = cascades.ToHashSet() }, isAllCancelled: true);
    });

    [Test]
    public void Should_never_ask_before_a_base_and_say_why_in_words() => Check(snapshot =>
    {
        var verdicts = Cascade.Decide(snapshot);
        foreach (var unit in snapshot.Units.Where(unit => verdicts.ContainsKey(unit.Id)))
        {
            var verdict = verdicts[unit.Id];
            Assert.That(verdict.Next, Is.Not.Empty);
            Assert.That(verdict.Through is null, Is.EqualTo(unit.Bases.Any(footing => footing.Stale)), "directly or through another");
            if (verdict.ReadyAt is null)
                continue;
            Assert.That(unit.Bases.Where(footing => footing.Stale), Is.Not.Empty);
            Assert.That(unit.IsOpen, Is.False);
        }
    });

    [Test]
    public void Should_come_to_the_same_in_whichever_order_the_tables_are_read() => Check(snapshot =>
    {
        var turned = snapshot with { Units = [.. snapshot.Units.Reverse().Select(unit => unit with { Bases = [.. unit.Bases] })] };
        Assert.That(Names(turned), Is.EquivalentTo(Names(snapshot)));
    });

    [Test]
    public void Should_keep_to_its_limits_and_leave_out_nothing_within_them()
    {
        var limits = 0;
        Check(RandomSnapshot.Tight, snapshot =>
        {
            var verdicts = Cascade.Decide(snapshot);
            var wide = snapshot with { Limits = new CascadeLimits(60_000, 600_000, 1000, 1000) };
            Assert.That(verdicts.Keys, Is.EquivalentTo(Cascade.Decide(wide).Keys), "a limit makes nothing current");

            foreach (var unit in snapshot.Units.Where(unit => !unit.IsOpen && verdicts.ContainsKey(unit.Id)))
            {
                var verdict = verdicts[unit.Id];
                var counted = snapshot.Counted.GetValueOrDefault(verdict.Cascade ?? "")
                    + snapshot.Units.Count(other => IsOf(verdict.Cascade, other));
                if (verdict.ReadyAt is not null)
                    Assert.That(verdict.Depth, Is.LessThanOrEqualTo(snapshot.Limits.Depth));
                if (verdict.ReadyAt is not null && unit.Rebuild?.Cascade != verdict.Cascade)
                    Assert.That(counted, Is.LessThanOrEqualTo(snapshot.Limits.Images));
                if (verdict.Outlook != OutdatedOutlook.Limit)
                    continue;
                limits++;
                Assert.That(
                    verdict.Depth > snapshot.Limits.Depth || counted >= snapshot.Limits.Images, verdict.Next);
            }

            // What a cascade has rebuilt, or goes on to.
            bool IsOf(string? cascade, Unit unit) => unit.Rebuild?.Cascade == cascade
                || (!unit.IsOpen && verdicts.TryGetValue(unit.Id, out var verdict) && verdict.Cascade == cascade
                    && verdict.Outlook is OutdatedOutlook.Rebuild or OutdatedOutlook.Waits);
        });
        Assert.That(limits, Is.Positive);
    }

    private static void Compare(Snapshot snapshot, bool isAllCancelled)
    {
        var model = new ObviousModel(snapshot, isAllCancelled);
        Assert.That(Names(snapshot), Is.EquivalentTo(
            snapshot.Units.Where(unit => model.Of(unit) is not null).Select(unit => $"{unit.Id}: {model.Of(unit)}")));
    }

    private static IEnumerable<string> Names(Snapshot snapshot) =>
        Cascade.Decide(snapshot).Select(verdict => $"{verdict.Key}: {ObviousModel.NameOf(verdict.Value)}");

    private static void Check(Action<Snapshot> holds) => Check(RandomSnapshot.Of, holds);

    private static void Check(Func<int, Snapshot> random, Action<Snapshot> holds) => FsCheck.Check.One(
        Often, Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed => holds(random(seed))));
}
