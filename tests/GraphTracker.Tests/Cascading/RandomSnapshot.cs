using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Cascading.Decision;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A few units that stand on each other anyhow, in every state there is.</summary>
internal static class RandomSnapshot
{
    private const int MostUnits = 7;
    private const int Outsiders = 3;
    private const long FirstOutside = 100;

    private static readonly string[] Kinds = ["finalFrom", "from", "copyFrom", "mount", "frontend"];

    public static Snapshot Of(int seed)
    {
        var random = new Random(seed);
        var count = random.Next(1, MostUnits + 1);
        var units = Enumerable.Range(1, count).Select(id => UnitOf(id, count, random)).ToList();
        var outside = Enumerable.Range(0, Outsiders).Select(place => FirstOutside + place).ToList();
        return new Snapshot
        {
            Units = units,
            Outside = outside.Where(_ => random.Next(3) == 0).ToDictionary(tag => tag, tag => Flagged(tag, random)),
            OpenOutside = outside.Where(_ => random.Next(6) == 0).ToHashSet(),
            Counted = new Dictionary<string, int>(),
            Cancelled = new HashSet<string>(),
            Limits = new CascadeLimits(60_000, 600_000, 1000, 1000),
            Now = 1_000_000,
        };
    }

    /// <summary>The same with limits that are met often.</summary>
    public static Snapshot Tight(int seed)
    {
        var (snapshot, random) = (Of(seed), new Random(~seed));
        return snapshot with
        {
            Counted = new Dictionary<string, int> { ["c1"] = random.Next(3) },
            Limits = snapshot.Limits with { Depth = random.Next(1, 4), Images = random.Next(1, 5) },
        };
    }

    // Mostly on those before it, so that there are more trees than circles.
    private static Unit UnitOf(int id, int count, Random random)
    {
        var bases = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(10) switch
        {
            0 => random.Next(1, count + 1),
            < 3 => FirstOutside + random.Next(Outsiders),
            _ => id == 1 ? FirstOutside : random.Next(1, id),
        }).Distinct().Select(tag => FootingOf(tag, random)).ToList();
        var unit = new Unit
        {
            Id = id,
            Name = $"registry.example.org/app{id}:latest",
            Tags = [id],
            Since = 500_000,
            Bases = bases,
            Policy = random.Next(6) == 0 ? null : new RebuildPolicy { On = (RebuildOn)random.Next(4) },
            Unknown = "not defined",
        };
        return random.Next(3) > 0 ? unit : unit with
        {
            Rebuild = new Rebuild(
                (RebuildState)random.Next(5), Guid.NewGuid(), random.Next(3) == 0 ? "others" : Cascade.BasesOf(unit), "c0", "why"),
        };
    }

    private static Footing FootingOf(long tag, Random random) => new()
    {
        BaseTag = tag,
        Base = $"registry.example.org/base{tag}:latest",
        OldDigest = "sha256:01",
        NewDigest = "sha256:02",
        Kind = Kinds[random.Next(Kinds.Length)],
        Evidence = "build record",
        Pinned = random.Next(6) == 0,
        Moves = 2,
        Moved = random.Next(3) > 0 ? null : new Move
        {
            Id = tag,
            Name = $"registry.example.org/base{tag}:latest#2",
            At = 900_000,
            LeftAt = 900_000,
            UnsettledSince = 900_000,
            Cascade = random.Next(2) == 0 ? null : "c1",
            Depth = 1,
        },
    };

    private static Verdict Flagged(long tag, Random random)
    {
        OutdatedOutlook[] outlooks = [OutdatedOutlook.Waits, OutdatedOutlook.Failed, OutdatedOutlook.Blocked,
            OutdatedOutlook.Pinned, OutdatedOutlook.Policy, OutdatedOutlook.NotDefined];
        var move = new Move { Id = 1, Name = "x#1", At = 1, LeftAt = 1, UnsettledSince = 1, Cascade = "c1" };
        return new Verdict
        {
            Cause = FootingOf(tag, random) with { Moved = move },
            Outlook = outlooks[random.Next(outlooks.Length)],
            Next = "x",
            Depth = 1,
            Cascade = "c1",
        };
    }
}
