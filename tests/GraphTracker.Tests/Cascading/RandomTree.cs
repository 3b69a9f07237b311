using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Cascading.Decision;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>
/// Images over images as numbers: each has a version, and knows which version of each base it was built on. What is
/// expected of a decision is worked out anew each time, by recursion over all of it: slow, and plain to see.
/// </summary>
internal sealed class RandomTree
{
    private readonly Image[] _images;
    private readonly HashSet<(int, string)> _asked = [];
    private long _move;

    /// <param name="shape">Numbers that everything about the tree is taken from.</param>
    public RandomTree(int[] shape)
    {
        _images = [.. shape.Select((seed, number) => new Image(number, seed))];
        foreach (var image in _images.Where(image => image.Number > 1))
        {
            for (var edge = 0; edge <= image.Seed % 3; edge++)
            {
                var below = (image.Seed / (7 + edge)) % image.Number; // only lower numbers: no circles here
                if (image.Bases.All(known => known.Below.Number != below))
                    image.Bases.Add(new Base(_images[below], Pinned: (image.Seed >> (edge + 3)) % 11 == 0));
            }
        }

        foreach (var image in _images)
            image.Build();
    }

    /// <summary>Somebody pushes an image, or a rebuild ends, or nothing but one more decision happens.</summary>
    public void Step(int kind, int which)
    {
        var open = _images.Where(image => image.Open is not null).ToList();
        switch (kind % 4)
        {
            case 0:
                Move(_images[which % _images.Length], null);
                break;
            case 1 when open.Count > 0:
                Finish(open[which % open.Count], succeeds: true);
                break;
            case 2 when open.Count > 0 && which % 3 == 0:
                Finish(open[which % open.Count], succeeds: false);
                break;
        }

        Ask();
        if (which % 5 == 0)
            Ask(); // a restart, or a message that came twice
    }

    /// <summary>Every rebuild that is asked for succeeds, until none is.</summary>
    public void ComeToRest()
    {
        for (var rounds = 0; ; rounds++)
        {
            Assert.That(rounds, Is.LessThan(10 * _images.Length), "it always ends");
            Ask();
            if (_images.FirstOrDefault(image => image.Open is not null) is not { } open)
                break;
            Finish(open, succeeds: true);
        }

        var verdicts = Decide();
        foreach (var image in _images)
        {
            Assert.That(verdicts.ContainsKey(image.Number + 1), Is.EqualTo(IsOutdated(image)), $"{image.Name} is outdated");
            Assert.That(IsOwed(image), Is.False, $"{image.Name} is forgotten");
        }
    }

    private void Ask()
    {
        var verdicts = Decide();
        foreach (var image in _images.Where(image => verdicts.GetValueOrDefault(image.Number + 1)?.ReadyAt is not null))
        {
            var unit = UnitOf(image);
            Assert.That(image.Open, Is.Null, $"{image.Name} is asked for once");
            Assert.That(Counting(image).Any(below => IsStale(image, below)), $"{image.Name} has a base that moved");
            Assert.That(
                Counting(image).Where(below => below.Below.Open is not null || IsOwed(below.Below)).Select(below => below.Below.Name),
                Is.Empty, $"{image.Name} comes after its bases");
            Assert.That(_asked.Add((image.Number, Cascade.BasesOf(unit))), $"{image.Name} is rebuilt twice on the same");
            image.Open = new Rebuild(RebuildState.Open, Guid.NewGuid(), Cascade.BasesOf(unit),
                verdicts[image.Number + 1].Cascade!, null);
        }
    }

    private void Finish(Image image, bool succeeds)
    {
        image.Last = image.Open! with { State = succeeds ? RebuildState.Done : RebuildState.Failed, Reason = "RUN ended with 7" };
        image.Open = null;
        if (!succeeds)
            return;
        image.Build();
        Move(image, image.Last.Cascade);
    }

    private void Move(Image image, string? cascade)
    {
        image.Version++;
        image.Moved = new Move
        {
            Id = ++_move, Name = $"{image.Name}#{image.Version}", At = _move, LeftAt = _move, UnsettledSince = _move,
            Cascade = cascade,
        };
    }

    private IReadOnlyDictionary<long, Verdict> Decide() => Cascade.Decide(new Snapshot
    {
        Units = [.. _images.OrderBy(image => image.Seed).Select(UnitOf)], // in any order
        Outside = new Dictionary<long, Verdict>(),
        OpenOutside = new HashSet<long>(),
        Counted = new Dictionary<string, int>(),
        Cancelled = new HashSet<string>(),
        Limits = new CascadeLimits(0, 0, 1000, 1000),
        Now = _move,
    });

    private static Unit UnitOf(Image image) => new()
    {
        Id = image.Number + 1,
        Name = image.Name,
        Tags = [image.Number + 1],
        Since = 0,
        Policy = image.Policy,
        Unknown = "not defined",
        Rebuild = image.Open ?? image.Last,
        Bases =
        [
            .. image.Bases.Select(below => new Footing
            {
                BaseTag = below.Below.Number + 1,
                Base = below.Below.Name,
                OldDigest = $"{image.On[below.Below.Number]}",
                NewDigest = $"{below.Below.Version}",
                Kind = "finalFrom",
                Evidence = "build record",
                Pinned = below.Pinned,
                Moves = below.Below.Version,
                Moved = IsStale(image, below) ? below.Below.Moved : null,
            }),
        ],
    };

    private static bool IsStale(Image image, Base below) => image.On[below.Below.Number] != below.Below.Version;

    private static IEnumerable<Base> Counting(Image image) =>
        image.Policy is { On: not RebuildOn.Never } ? image.Bases.Where(below => !below.Pinned) : [];

    private static bool IsOutdated(Image image) =>
        image.Bases.Any(below => IsStale(image, below) || IsOutdated(below.Below));

    /// <summary>It can be rebuilt, has to be, and neither it nor one that it stands on has failed on what there is now.</summary>
    private static bool IsOwed(Image image) =>
        !HasFailed(image)
        && Counting(image).Any(below => IsStale(image, below) || IsOwed(below.Below))
        && !Counting(image).Any(below => IsStuck(below.Below));

    private static bool IsStuck(Image image) =>
        Counting(image).Any(below => IsStale(image, below) || IsOwed(below.Below) || IsStuck(below.Below))
        && (HasFailed(image) || Counting(image).Any(below => IsStuck(below.Below)));

    private static bool HasFailed(Image image) =>
        image.Open is null && image.Last is { State: RebuildState.Failed } last && last.Bases == Cascade.BasesOf(UnitOf(image));

    private sealed record Base(Image Below, bool Pinned);

    private sealed class Image(int number, int seed)
    {
        public int Number { get; } = number;
        public int Seed { get; } = seed;
        public string Name => $"image-{Number:00}";
        public List<Base> Bases { get; } = [];
        public Dictionary<int, int> On { get; } = [];
        public int Version { get; set; } = 1;
        public Move Moved { get; set; } = new() { Id = 0, Name = "", At = 0, LeftAt = 0, UnsettledSince = 0 };
        public Rebuild? Open { get; set; }
        public Rebuild? Last { get; set; }

        public RebuildPolicy? Policy { get; } = (number, seed % 9) switch
        {
            (< 2, _) or (_, 0) => null,
            (_, 1) => new RebuildPolicy { On = RebuildOn.Never },
            _ => new RebuildPolicy(),
        };

        public void Build()
        {
            foreach (var below in Bases.Where(below => !below.Pinned || !On.ContainsKey(below.Below.Number)))
                On[below.Below.Number] = below.Below.Version;
        }
    }
}
