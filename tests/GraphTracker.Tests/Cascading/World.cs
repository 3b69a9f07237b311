using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Cascading.Decision;
using Builds.GraphTracker.Defining;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Dapper;
using Microsoft.Extensions.Options;
using BaseImage = Builds.Contracts.BaseImage;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>
/// Images over images, in the store as it is: pushed and built by hand, and rebuilt when the store's decisions ask for it.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private readonly Graph _graph = Graph.Empty();
    private readonly Builds.GraphTracker.Defining.Definitions _definitions = new(Options.Create(new RegistryOptions { Default = Graph.Host }));
    private readonly Dictionary<string, SeenImage> _images = [];
    private readonly Dictionary<string, SeenImage> _firsts = [];
    private readonly Dictionary<string, SeenImage> _made = [];
    private readonly Dictionary<string, Recipe> _recipes = [];
    private readonly Dictionary<string, string[]> _tags = [];
    private long _version;

    private World()
    {
    }

    /// <summary>runtime stands on os, lint on tools; all that is decided.</summary>
    public static async Task<World> OfTwoTreesAsync()
    {
        var world = Empty();
        await world.PushAsync("os", "1");
        await world.PushAsync("tools", "1");
        await world.GrowAsync("runtime", "os");
        await world.GrowAsync("lint", "tools");
        await world.DecideAsync();
        return world;
    }

    public static World Empty() => new();

    public CascadeOptions Settings { get; set; } = new() { SettleSeconds = 0, MostAtOnce = 100 };

    public Graph Graph => _graph;

    /// <summary>Makes what is built from here on another digest, and its source another commit.</summary>
    public string? Salt { get; set; }

    /// <summary>Every rebuild that was asked for, in order.</summary>
    public List<BuildRequested> Asked { get; } = [];

    /// <summary><c>repository</c> of each rebuild that was asked for, in order.</summary>
    public IEnumerable<string> Rebuilt => Asked.Select(request => request.Image.Repository);

    /// <summary>An image that is not built here: a new version of it.</summary>
    public async Task PushAsync(string repository, string content, string tag = "latest")
    {
        var image = Graph.Image($"{repository}-{content}");
        _images[$"{repository}:{tag}"] = image;
        _firsts.TryAdd(repository, image);
        await _graph.PushAsync(repository, tag, image);
    }

    /// <summary>Defines an image and builds it for the first time.</summary>
    /// <param name="bases">
    /// Repositories; the first is that of the last stage. With <c>@</c> before it, pinned; with <c>&gt;</c> copied from,
    /// with <c>+</c> mounted, with <c>#</c> what reads the Dockerfile.
    /// </param>
    public async Task GrowAsync(string repository, params string[] bases) =>
        await GrowAsync(repository, new RebuildPolicy(), bases);

    public async Task GrowAsync(string repository, RebuildPolicy policy, params string[] bases)
    {
        await DefineAsync(repository, policy);
        _recipes[repository] = new Recipe(bases);
        await BuildAsync(repository);
    }

    /// <summary>An image over others that nobody has defined here.</summary>
    public async Task BuildElsewhereAsync(string repository, params string[] bases)
    {
        _recipes[repository] = new Recipe(bases);
        await BuildAsync(repository);
    }

    /// <summary>Repositories whose images take nothing over from their bases: built anew, they are the same.</summary>
    public HashSet<string> Flat { get; } = [];

    /// <summary>What a definition names; <c>latest</c> alone where this was not called.</summary>
    public void Name(string repository, params string[] tags) => _tags[repository] = tags;

    /// <summary>Somebody builds it, whatever is decided here.</summary>
    public Task BuildAsync(string repository, params string[] tags) =>
        FinishAsync(Guid.NewGuid(), repository, BuildOutcome.Succeeded, tags.Length > 0 ? tags : TagsOf(repository));

    public Task DefineAsync(string repository, RebuildPolicy? policy = null) =>
        _graph.Store.WriteAsync(db => _definitions.Define(db, new ImageDefined
        {
            Image = new ImageReference { Registry = Graph.Host, Repository = repository },
            Version = ++_version,
            Source = new GitSource { Git = $"https://git.example.org/{repository}.git", Ref = "main" },
            Tags = TagsOf(repository),
            Rebuild = policy ?? new RebuildPolicy(),
        }), CancellationToken.None);

    public Task ForgetAsync(string repository) =>
        _graph.Store.WriteAsync(
            db => _definitions.Forget(
                db, new ImageReference { Registry = Graph.Host, Repository = repository }, ++_version),
            CancellationToken.None);

    /// <summary>Decides until there is nothing to decide.</summary>
    /// <param name="most">Changes that are looked at together.</param>
    /// <returns>What was asked for.</returns>
    public async Task<IReadOnlyList<BuildRequested>> DecideAsync(int most = 1000)
    {
        var asked = new List<BuildRequested>();
        for (var rounds = 0; _graph.Store.Read(db => Round.Next(db, Settings)) is { } due; rounds++)
        {
            var now = _graph.Now.ToUnixTimeMilliseconds();
            if (due > now)
                break;
            Assert.That(rounds, Is.LessThan(100), "it comes to an end");
            asked.AddRange((await _graph.Store.WriteAsync(
                db => Round.Run(db, Settings, now, most), CancellationToken.None)).Asked);
        }

        Asked.AddRange(asked);
        return asked;
    }

    /// <summary>Decides and builds until there is nothing more to do; what is in <paramref name="failing"/> fails.</summary>
    public async Task SettleAsync(params string[] failing)
    {
        var open = new Queue<BuildRequested>(await DecideAsync());
        for (var builds = 0; open.TryDequeue(out var request); builds++)
        {
            Assert.That(builds, Is.LessThan(1000), "it comes to an end");
            await FinishAsync(request, failing.Contains(request.Image.Repository) ? BuildOutcome.Failed : BuildOutcome.Succeeded);
            foreach (var next in await DecideAsync())
                open.Enqueue(next);
        }
    }

    public Task FinishAsync(BuildRequested request, BuildOutcome outcome = BuildOutcome.Succeeded) =>
        FinishAsync(request.BuildId, request.Image.Repository, outcome, [.. request.Tags]);

    /// <summary>It has been built and pushed; nobody was told the end.</summary>
    /// <returns>What is to be told.</returns>
    public async Task<BuildCompleted> BuildAsync(BuildRequested request, BuildOutcome outcome = BuildOutcome.Succeeded)
    {
        _graph.Now = TimeProvider.System.GetUtcNow(); // asked for by a process that has no other clock
        var end = EndOf(request.BuildId, request.Image.Repository, outcome, [.. request.Tags]);
        await PushAsync(end);
        return end;
    }

    /// <summary>Its end is told; the registry has not been asked yet.</summary>
    public Task TellEndAsync(BuildRequested request) =>
        _graph.BuiltAsync(EndOf(request.BuildId, request.Image.Repository, BuildOutcome.Succeeded, [.. request.Tags]));

    /// <summary>The end of a rebuild that had to give way.</summary>
    public BuildCompleted Superseded(BuildRequested request) =>
        EndOf(request.BuildId, request.Image.Repository, BuildOutcome.Superseded, [.. request.Tags]);

    /// <summary>What a build of it would make now.</summary>
    public SeenImage Makes(string repository) =>
        _made[EndOf(Guid.NewGuid(), repository, BuildOutcome.Succeeded, TagsOf(repository)).Digest!];

    /// <summary>The end of a rebuild that found something else under its tag, and so pushed nothing.</summary>
    public BuildCompleted Overtaken(BuildRequested request, SeenImage? found) => Superseded(request) with
    {
        Found = found?.Digest ?? "",
    };

    /// <summary>What the registry is to be asked, it has answered: its tags are what they were.</summary>
    public Task AnsweredAsync() => _graph.Store.WriteAsync(db => { db.Execute("delete from question"); }, CancellationToken.None);

    /// <summary>Of its store: another process can have it too.</summary>
    public string Folder => Path.GetDirectoryName(_graph.Query<string>("select file from pragma_database_list").Single())!;

    /// <summary>What GraphTracker answers to somebody who ends a cascade or lets it go on.</summary>
    public Task<CascadeChangeTaken> ChangeAsync(Guid cascade, CascadeChange change) => _graph.Store.WriteAsync(
        db => ChangeCascadeConsumer.Change(
            db, new ChangeCascade { CascadeId = cascade, Change = change, By = "ann" }, _graph.Now.ToUnixTimeMilliseconds()),
        CancellationToken.None);

    /// <summary><c>repository tags: state</c> of each image of a cascade, the nearest to the root first.</summary>
    public IEnumerable<string> NodesOf(Guid cascade) => _graph.Store.Read(db => CascadeNodes.Read(db, cascade))
        .Select(node => $"{node.Image[(Graph.Host.Length + 1)..]} {string.Join(',', node.Tags)}: {node.State}");

    public CascadePreview Preview(string repository, int most = 10_000) => _graph.Store.Read(db => new Preview(
        db, Settings, _graph.Now.ToUnixTimeMilliseconds(), most).Of(
            _graph.Query<long>($"select tag.id from tag join image on image.id = tag.image where repository = '{repository}'")[0],
            $"{Graph.Host}/{repository}:latest"));

    /// <summary>What is outdated: <c>repository: outlook</c>, in order.</summary>
    public IReadOnlyList<string> Outdated => _graph.Query<string>("""
        select image.repository || ': ' || verdict.outlook
          from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
         where verdict.outdated = 1 order by 1
        """);

    /// <summary><c>repository version: ref</c> of each definition, in order.</summary>
    public IReadOnlyList<string> Definitions => _graph.Query<string>("""
        select image.repository || ' ' || version || ': ' || coalesce(definition ->> '$.source.ref', 'forgotten')
          from definition join image on image.id = definition.image order by 1
        """);

    /// <summary>All that was decided has been told.</summary>
    public Task ToldAsync() => _graph.Store.WriteAsync(db => Untold.SetTold(db, Untold.Select(db, [])), CancellationToken.None);

    public string NextOf(string repository) => _graph.Query<string>($"""
        select verdict.next from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
         where verdict.outdated = 1 and image.repository = '{repository}'
        """).Single();

    /// <summary>State of each cascade, the oldest first.</summary>
    public IReadOnlyList<string> Cascades => _graph.Query<string>("select state from cascade order by began_at, rowid");

    public SeenImage Image(string repository) => _images[repository + ":latest"];

    /// <summary>The version that was pushed first.</summary>
    public SeenImage First(string repository) => _firsts[repository];

    /// <summary>Whoever builds now has an old version of a base.</summary>
    public async Task UseAsync(string repository, SeenImage old, Func<Task> build)
    {
        var now = Image(repository);
        _images[repository + ":latest"] = old;
        await build();
        _images[repository + ":latest"] = now;
    }

    public async ValueTask DisposeAsync() => await _graph.DisposeAsync();

    private string[] TagsOf(string repository) => _tags.GetValueOrDefault(repository, ["latest"]);

    private async Task FinishAsync(Guid id, string repository, BuildOutcome outcome, string[] tags)
    {
        var end = EndOf(id, repository, outcome, tags);
        await _graph.BuiltAsync(end);
        await PushAsync(end);
        await _graph.Store.WriteAsync(db => { db.Execute("delete from question"); }, CancellationToken.None);
    }

    // What it has made is in the registry, and was heard of.
    private async Task PushAsync(BuildCompleted end)
    {
        foreach (var tag in end.Pushed)
        {
            _images[$"{end.Image.Repository}:{tag}"] = _made[end.Digest!];
            await _graph.PushAsync(end.Image.Repository, tag, _made[end.Digest!], "build");
        }
    }

    private BuildCompleted EndOf(Guid id, string repository, BuildOutcome outcome, string[] tags)
    {
        var isFlat = Flat.Contains(repository);
        var bases = _recipes[repository].Bases.Select((name, place) => (Name: name.TrimStart('@', '>', '+', '#'),
            Pinned: name[0] == '@', Kind: KindOf(name), Final: place == 0 && !isFlat)).ToList();
        var layers = bases.Count == 0 || isFlat ? "" : string.Join(' ', Image(bases[0].Name).DiffIds.Select(layer => layer[7..19]));
        var copied = string.Join('+', bases.Skip(isFlat ? bases.Count : 1).Select(used => Image(used.Name).Digest[7..15]));
        var made = Graph.Image($"{layers} {repository}{copied}".Trim(), history: Salt is { } salt ? $"{repository} {salt}" : null);
        _made[made.Digest] = made;
        var build = Graph.Built(repository, tags[0], made,
            [.. bases.Select(used => Graph.Used($"{used.Name}:latest", _recipes[repository].Pinned(used.Name, Image(used.Name)),
                used.Kind, used.Final, used.Pinned))]) with
        {
            BuildId = id,
            Tags = tags,
            Pushed = tags,
            Source = new GitSource { Git = $"https://git.example.org/{repository}.git", Ref = "main", Commit = Salt ?? "c0ffee" },
            Phases = [new BuildPhase { Name = "building", StartedAt = _graph.Now, Seconds = 90 }],
            Outcome = outcome,
            Reason = outcome == BuildOutcome.Succeeded ? null : "RUN ended with 7",
            CompletedAt = _graph.Now,
        };
        return outcome == BuildOutcome.Succeeded ? build : build with { Digest = null, Pushed = [], Bases = [] };
    }

    private static BaseImageKind KindOf(string name) => name[0] switch
    {
        '>' => BaseImageKind.CopyFrom,
        '+' => BaseImageKind.Mount,
        '#' => BaseImageKind.Frontend,
        _ => BaseImageKind.From,
    };

    private sealed class Recipe(string[] bases)
    {
        private readonly Dictionary<string, SeenImage> _pinned = [];

        public string[] Bases => bases;

        /// <summary>A pinned base stays what it was at first.</summary>
        public SeenImage Pinned(string name, SeenImage now)
        {
            if (!bases.Contains("@" + name))
                return now;
            return _pinned.TryGetValue(name, out var first) ? first : _pinned[name] = now;
        }
    }
}
