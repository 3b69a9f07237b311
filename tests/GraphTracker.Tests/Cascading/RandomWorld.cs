using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Cascading.Decision;
using Builds.GraphTracker.Defining;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Microsoft.Extensions.Options;
using Definitions = Builds.GraphTracker.Defining.Definitions;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A registry, workers, a broker and GraphTracker's tables; each step is one that can happen next.</summary>
internal sealed partial class RandomWorld : IDisposable
{
    public const int Kinds = 27;
    private const int MostAtOnce = 3;

    private static readonly CascadeOptions Options = new() { SettleSeconds = 20, SettleLimitSeconds = 60, MostAtOnce = MostAtOnce };

    private readonly GraphFile _file = new();
    private readonly RandomRegistry _registry;
    private readonly Dictionary<string, RebuildOn?> _policies = [];
    private readonly Dictionary<Guid, BuildRequested> _queue = []; // by id: what comes twice is the same
    private readonly HashSet<Guid> _taken = [];
    private readonly List<RandomBuild> _running = [];
    private readonly List<BuildCompleted> _ends = []; // told, and not heard yet
    private readonly Dictionary<(string Name, string Tag), RandomBuild> _latest = [];
    private readonly Dictionary<string, List<(RandomBuild Build, SeenImage Made)>> _history = []; // of each latest
    private readonly Dictionary<string, int> _byPeople = [];
    private readonly HashSet<string> _built = [];
    private readonly HashSet<(string Name, string Tag)> _unheard = [];
    private readonly List<object> _told = [];
    private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <param name="isFlat">With images that come out the same, whatever they are built on.</param>
    public RandomWorld(int seed, bool isFlat = true)
    {
        _registry = new RandomRegistry(seed, isFlat);
        var definitions = new Definitions(Microsoft.Extensions.Options.Options.Create(new RegistryOptions { Default = Graph.Host }));
        foreach (var app in _registry.Shuffled())
        {
            _policies[app] = _registry.Chance(8) ? null : _registry.Chance(2)
                ? RebuildOn.EveryFromAndCopies
                : (RebuildOn)_registry.Next(Enum.GetValues<RebuildOn>().Length);
            _file.Write(db =>
            {
                if (_policies[app] is { } on)
                    definitions.Define(db, Defined(app, on));
                foreach (var tag in _registry.TagsOf(app))
                    Names.TagOf(db, Names.ImageOf(db, Graph.Host, app), tag);
                return true;
            });
        }

        foreach (var root in _registry.RootNames)
            _unheard.Add((root, "latest"));
        foreach (var app in _registry.AppNames)
            Finish(_registry.Start(app));
        ComeToRest();
    }

    public void Step(int kind, int which)
    {
        _now += TimeSpan.FromSeconds(1);
        switch (kind)
        {
            case 0 or 1: Push(_registry.RootNames[which % _registry.RootNames.Count], which % 7 != 0); break;
            case 2 or 3 or 4: Decide(which % 3 == 0 ? 1 + (which % 4) : 1000); break;
            case 5: _file.Lose(db => Round.Run(db, Options, Now)); break;
            case 6 or 7 or 8: Tell(isLost: which % 4 == 0); break;
            case 9 or 10 or 11: Start(which); break;
            case 12 or 13 when _running.Count > 0: Finish(Take(_running, which)); break;
            case 14 when _running.Count > 0: Fail(Take(_running, which), BuildOutcome.Failed); break;
            case 15 or 16 or 17 when _ends.Count > 0: HearEnd(which); break;
            case 18 or 19 when _unheard.Count > 0: HearPush(_unheard.ElementAt(which % _unheard.Count)); break;
            case 20 or 21 or 22: Answer(which); break;
            case 23: Supersede(which); break;
            case 24: _file.Restart(); _now += TimeSpan.FromSeconds(30); break;
            case 25: Change(which % 2 == 0 ? CascadeChange.Cancel : CascadeChange.Resume); break;
            case 26: PutBack(_registry.AppNames[which % _registry.AppNames.Count], which); break;
        }
    }

    /// <summary>All words arrive, all builds succeed, and all that was ended is resumed.</summary>
    public void ComeToRest()
    {
        for (var round = 0; round < 300; round++)
        {
            _now += TimeSpan.FromSeconds(30);
            while (_running.Count > 0)
                Finish(Take(_running, 0));
            foreach (var name in _unheard.ToList())
                HearPush(name);
            while (_ends.Count > 0)
                HearEnd(1);
            while (_file.Query<long>("select count(*) from question").Single() > 0)
                Answer(0);
            Decide(1000);
            Tell(isLost: false);
            var waiting = _queue.Keys.Except(_taken).Count();
            for (var build = 0; build < waiting; build++)
                Start(build);
            if (_running.Count + _ends.Count + _unheard.Count == 0 && !Change(CascadeChange.Resume) && IsSettled())
                return;
        }

        Assert.Fail("it does not come to an end: " + State());
    }

    public IReadOnlyList<string> Roots => _registry.RootNames;

    public void Dispose() => _file.Dispose();

    private long Now => _now.ToUnixTimeMilliseconds();

    private bool IsSettled() => _file.Read(db => Round.Next(db, Options)) is null && _queue.Keys.All(_taken.Contains);

    private ImageDefined Defined(string app, RebuildOn on) => new()
    {
        Image = new ImageReference { Registry = Graph.Host, Repository = app },
        Version = 1,
        Source = new GitSource { Git = $"https://git.example.org/{app}.git", Ref = "main" },
        Tags = _registry.TagsOf(app),
        Rebuild = new RebuildPolicy { On = on },
    };
}
