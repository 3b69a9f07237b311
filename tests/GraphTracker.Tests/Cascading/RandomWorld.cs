using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Cascading.Decision;
using Builds.GraphTracker.Defining;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Dapper;
using Microsoft.Extensions.Options;
using Definitions = Builds.GraphTracker.Defining.Definitions;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A registry, workers, a broker and GraphTracker's tables; each step is one that can happen next.</summary>
internal sealed class RandomWorld : IDisposable
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

    public RandomWorld(int seed)
    {
        _registry = new RandomRegistry(seed);
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

    public void CheckAlways()
    {
        Assert.That(_file.Query<long>("select count(*) from rebuild where state = 'open'").Single(), Is.AtMost(MostAtOnce));
        Assert.That(
            _file.Query<long>("""
                select image from rebuild, json_each(rebuild.request, '$.tags') named
                 where state = 'open' group by image, named.value having count(*) > 1
                """), Is.Empty, "one open rebuild for each tag");
    }

    public void CheckAtTheEnd()
    {
        foreach (var (name, build) in _latest.Where(latest => IsRebuilt(latest.Key.Name)))
            Assert.That(_registry.IsCurrent(build, use => Counts(build.Image, use)), Is.True, () => $"{name} is forgotten: {State()}");
        Assert.That(_file.Query<string>("""
            select outlook from verdict
             where outdated = 1 and outlook not in ('notDefined', 'policy', 'cycle', 'ancestor', 'pinned')
            """), Is.Empty, State);
        Assert.That(_file.Query<string>("select distinct state from cascade where state <> 'done'"), Is.Empty, State);
        Assert.That(Heard(), Is.EquivalentTo(_file.Query<string>("""
            select image.repository || ':' || tag.name
              from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
             where verdict.outdated = 1
            """)), "what was told, in any order");
    }

    public void Dispose() => _file.Dispose();

    private long Now => _now.ToUnixTimeMilliseconds();

    private bool IsInCircle(string name) => _registry.Below(name).Contains(name);

    private bool IsSettled() => _file.Read(db => Round.Next(db, Options)) is null && _queue.Keys.All(_taken.Contains);

    private void Push(string root, bool isNew)
    {
        _registry.Push(root, isNew);
        _unheard.Add((root, "latest"));
    }

    private void Decide(int most)
    {
        var decided = _file.Write(db => Round.Run(db, Options, Now, most));
        foreach (var asked in decided.Asked.Select(request => request.Image.Repository).Where(name => !IsInCircle(name)))
        {
            foreach (var below in RebuiltBelow(asked))
                Assert.That(IsOwed(below), Is.False, () => $"{asked} before {below}: {State()}");
        }

        foreach (var asked in decided.Asked)
        {
            Assert.That(_file.Query<string>($"""
                select named.value
                  from rebuild, json_each(rebuild.request, '$.tags') named
                  join tag on tag.image = rebuild.image and tag.name = named.value
                 where rebuild.build = '{asked.BuildId}' and tag.manifest is not rebuild.old_manifest
                """), Is.Empty, () => $"tags of {asked.Image.Repository} that are something else: {State()}");
        }
    }

    // What is rebuilt here, and leads to a rebuild of this one through nothing but such.
    private HashSet<string> RebuiltBelow(string app)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>([app]);
        while (open.TryPop(out var next))
        {
            foreach (var use in _registry.UsesOf(next).Where(use => IsRebuilt(use.Name) && Counts(next, use) && found.Add(use.Name)))
                open.Push(use.Name);
        }

        return found;
    }

    private bool IsRebuilt(string name) => _policies.GetValueOrDefault(name) is not null && !IsInCircle(name);

    private bool Counts(string app, RandomUse use) => !use.Pinned && _policies[app] switch
    {
        RebuildOn.EveryFromAndCopies => true,
        RebuildOn.EveryFrom => use.Kind == BaseImageKind.From,
        RebuildOn.FinalBase => use.IsFinal,
        _ => false,
    };

    // Slow and obvious: a base that counts has moved on, or a rebuild of it is open.
    private bool IsOwed(string name)
    {
        var stale = _file.Query<string>($"""
            select base_image.repository from footing
              join tag on tag.id = footing.tag join image on image.id = tag.image
              join tag base on base.id = footing.base_tag join image base_image on base_image.id = base.image
             where footing.stale = 1 and image.repository = '{name}' and tag.name = 'latest'
            """);
        return _registry.UsesOf(name).Any(use => stale.Contains(use.Name) && Counts(name, use)) || _file.Query<long>($"""
            select 1 from rebuild, json_each(rebuild.request, '$.tags') named join image on image.id = rebuild.image
             where rebuild.state = 'open' and image.repository = '{name}' and named.value = 'latest'
            """).Count > 0;
    }

    private void Tell(bool isLost)
    {
        foreach (var untold in _file.Read(Untold.Select) is var all && isLost ? all.Take(1 + (int)(Now % 3)) : all)
        {
            _told.Add(untold.Message);
            if (untold.Message is not BuildRequested request)
                continue;
            if (_queue.TryGetValue(request.BuildId, out var before))
                Assert.That(JsonSerializer.Serialize(request), Is.EqualTo(JsonSerializer.Serialize(before)), "the same once more");
            _queue[request.BuildId] = request;
        }

        if (!isLost)
            _file.Write(db => { Untold.SetTold(db, Untold.Select(db)); return true; });
    }

    private void Start(int which)
    {
        var waiting = _queue.Values
            .Where(request => !_taken.Contains(request.BuildId) && _running.TrueForAll(build => build.Image != request.Image.Repository))
            .ToList();
        if (waiting.Count == 0)
            return;
        var request = waiting[which % waiting.Count];
        _taken.Add(request.BuildId);
        _running.Add(_registry.Start(request.Image.Repository, request));
    }

    private void Finish(RandomBuild build)
    {
        var name = build.Image;
        if (!build.IsRebuild)
            _byPeople[name] = _byPeople.GetValueOrDefault(name) + 1;
        else
            Assert.That(_built.Add($"{name} {Versions(build)} {_byPeople.GetValueOrDefault(name)}"), Is.True,
                () => $"{name} is built twice on {Versions(build)}: {State()}");
        _ends.Add(_registry.Finish(build) with { CompletedAt = _now });
        foreach (var tag in build.Tags)
        {
            _latest[(name, tag)] = build;
            _unheard.Add((name, tag));
        }

        if (build.Tags.Contains("latest"))
            (_history.TryGetValue(name, out var known) ? known : _history[name] = []).Add((build, _registry.Of(name)));
    }

    // Somebody is not content with the last one.
    private void PutBack(string app, int which)
    {
        var (build, made) = _history[app][which % _history[app].Count];
        _registry.Put(app, "latest", made);
        _latest[(app, "latest")] = build;
        _byPeople[app] = _byPeople.GetValueOrDefault(app) + 1;
        _unheard.Add((app, "latest"));
    }

    private string Versions(RandomBuild build) => string.Join(',', build.Tags) + ' ' + string.Join(' ',
        build.Used.Where(each => Counts(build.Image, each.Use)).Select(each => $"{each.Use.Name}@{each.Version}"));

    private void Fail(RandomBuild build, BuildOutcome outcome) => _ends.Add(
        Graph.Built(build.Image, "latest", _registry.Of(build.Image)) with
        {
            BuildId = build.Id, Tags = build.Tags, Outcome = outcome, Reason = "RUN ended with 7", Digest = null, Pushed = [],
            CompletedAt = _now,
        });

    // Somebody asks for a build of the same, and takes its place while it waits.
    private void Supersede(int which)
    {
        var waiting = _queue.Values.Where(request => !_taken.Contains(request.BuildId)).ToList();
        var app = _registry.AppNames[which % _registry.AppNames.Count];
        if (waiting.Find(request => request.Image.Repository == app) is { } taken)
        {
            _taken.Add(taken.BuildId);
            Fail(_registry.Start(app, taken), BuildOutcome.Superseded);
        }

        if (_running.TrueForAll(build => build.Image != app))
            _running.Add(which % 3 == 0 ? _registry.Start(app, null, "latest") : _registry.Start(app));
    }

    private void HearEnd(int which)
    {
        var end = _ends[which % _ends.Count];
        if (which % 4 != 0) // else it comes once more
            _ends.Remove(end);
        Record(recording => recording.Build(end, Graph.Host));
    }

    private void HearPush((string Name, string Tag) pushed)
    {
        var (name, tag) = pushed;
        _unheard.Remove(pushed);
        _file.Write(db =>
        {
            Questions.AskTag(db, Names.ImageOf(db, Graph.Host, name), tag, _registry.Of(name, tag).Digest, "push", Now);
            return true;
        });
    }

    private void Answer(int which)
    {
        var questions = _file.Query<(long Id, long Image, string Repository, string Tag, string Named, string? Digest)>("""
            select question.id, image.id, image.repository, question.tag, question.named, manifest.digest
              from question join image on image.id = question.image left join manifest on manifest.id = question.manifest
            """);
        if (questions.Count == 0)
            return;
        var (id, image, repository, tag, named, digest) = questions[which % questions.Count];
        Record(recording =>
        {
            recording.Db.Execute("delete from question where id = @id", new { id });
            if (digest is not null)
            {
                recording.Manifest(image, _registry.At(digest));
                return;
            }

            var (moved, now) = (Names.TagOf(recording.Db, image, tag), _registry.Of(repository, tag));
            foreach (var past in named.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(past => past != now.Digest))
                recording.Past(moved, recording.Manifest(image, _registry.At(past)));
            recording.Move(moved, recording.Manifest(image, now), "push");
        });
    }

    /// <returns>Whether there was anything to change.</returns>
    private bool Change(CascadeChange change)
    {
        var ids = _file.Query<string>(
            "select id from cascade where cancelled_by is not null or state in ('running', 'blocked') order by rowid desc");
        return ids.Select(id => _file.Write(db => ChangeCascadeConsumer.Change(
            db, new ChangeCascade { CascadeId = Guid.Parse(id), Change = change, By = "ann" }, Now)))
            .ToList().Exists(taken => taken.Problem is null);
    }

    private void Record(Action<Recording> work) => _file.Write(db =>
    {
        Recording.Run(db, _now, work);
        return true;
    });

    // As the Gateway does: the later word counts. The order in which the words arrive is the worst there is.
    private List<string> Heard()
    {
        var flags = new Dictionary<string, (DateTimeOffset Since, bool IsOutdated)>();
        var words = _told.Select(word => word switch
        {
            ImageOutdated flag => (Name: $"{flag.Image.Repository}:{flag.Tag}", flag.Since, IsOutdated: true),
            ImageCurrent flag => (Name: $"{flag.Image.Repository}:{flag.Tag}", flag.Since, IsOutdated: false),
            _ => (Name: "", Since: default, IsOutdated: false),
        }).Where(word => word.Name.Length > 0).Reverse();
        foreach (var (name, since, isOutdated) in words)
        {
            if (!flags.TryGetValue(name, out var known) || since >= known.Since)
                flags[name] = (since, isOutdated);
        }

        return [.. flags.Where(flag => flag.Value.IsOutdated).Select(flag => flag.Key)];
    }

    private string State() => string.Join('\n', _file.Query<string>("""
        select image.repository || ': ' || outlook || ', ' || next from verdict
          join tag on tag.id = verdict.tag join image on image.id = tag.image where outdated = 1
        union all
        select 'rebuild of ' || image.repository || ': ' || state || ', ' || bases || ', ' || reason from rebuild
          join image on image.id = rebuild.image
        union all
        select 'cascade ' || state || ' ' || counts from cascade
        """).Concat(_registry.AppNames.Select(app => $"{app} ({_policies[app]}) from {string.Join(' ', _registry.UsesOf(app))}")));

    private static T Take<T>(List<T> from, int which)
    {
        var one = from[which % from.Count];
        from.Remove(one);
        return one;
    }

    private ImageDefined Defined(string app, RebuildOn on) => new()
    {
        Image = new ImageReference { Registry = Graph.Host, Repository = app },
        Version = 1,
        Source = new GitSource { Git = $"https://git.example.org/{app}.git", Ref = "main" },
        Tags = _registry.TagsOf(app),
        Rebuild = new RebuildPolicy { On = on },
    };
}
