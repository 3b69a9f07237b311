using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Defining;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Dapper;
using Microsoft.Extensions.Options;
using BaseImage = Builds.Contracts.BaseImage;
using Definitions = Builds.GraphTracker.Defining.Definitions;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>
/// Images over images, in the store as it is: pushed and built by hand, and rebuilt when the store's decisions ask for it.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private readonly Graph _graph = Graph.Empty();
    private readonly Definitions _definitions = new(Options.Create(new RegistryOptions { Default = Graph.Host }));
    private readonly Dictionary<string, SeenImage> _images = [];
    private readonly Dictionary<string, Recipe> _recipes = [];
    private long _version;

    private World()
    {
    }

    public static World Empty() => new();

    public CascadeOptions Settings { get; set; } = new() { SettleSeconds = 0, MostAtOnce = 100 };

    public Graph Graph => _graph;

    /// <summary>Every rebuild that was asked for, in order.</summary>
    public List<BuildRequested> Asked { get; } = [];

    /// <summary><c>repository</c> of each rebuild that was asked for, in order.</summary>
    public IEnumerable<string> Rebuilt => Asked.Select(request => request.Image.Repository);

    /// <summary>An image that is not built here: a new version of it.</summary>
    public async Task PushAsync(string repository, string content, string tag = "latest")
    {
        var image = Graph.Image($"{repository}-{content}");
        _images[$"{repository}:{tag}"] = image;
        await _graph.PushAsync(repository, tag, image);
    }

    /// <summary>Defines an image and builds it for the first time.</summary>
    /// <param name="bases">Repositories; the first is that of the last stage. With <c>@</c> before it, pinned.</param>
    public async Task GrowAsync(string repository, params string[] bases) =>
        await GrowAsync(repository, new RebuildPolicy(), bases);

    public async Task GrowAsync(string repository, RebuildPolicy policy, params string[] bases)
    {
        await DefineAsync(repository, policy);
        _recipes[repository] = new Recipe(bases);
        await FinishAsync(Guid.NewGuid(), repository, BuildOutcome.Succeeded);
    }

    /// <summary>An image over others that nobody has defined here.</summary>
    public async Task BuildElsewhereAsync(string repository, params string[] bases)
    {
        _recipes[repository] = new Recipe(bases);
        await FinishAsync(Guid.NewGuid(), repository, BuildOutcome.Succeeded);
    }

    public Task DefineAsync(string repository, RebuildPolicy? policy = null) =>
        _graph.Store.WriteAsync(db => _definitions.Define(db, new ImageDefined
        {
            Image = new ImageReference { Registry = Graph.Host, Repository = repository },
            Version = ++_version,
            Source = new GitSource { Git = $"https://git.example.org/{repository}.git", Ref = "main" },
            Tags = ["latest"],
            Rebuild = policy ?? new RebuildPolicy(),
        }), CancellationToken.None);

    public Task ForgetAsync(string repository) =>
        _graph.Store.WriteAsync(
            db => _definitions.Forget(
                db, new ImageReference { Registry = Graph.Host, Repository = repository }, ++_version),
            CancellationToken.None);

    /// <summary>Decides until there is nothing to decide.</summary>
    /// <returns>What was asked for.</returns>
    public async Task<IReadOnlyList<BuildRequested>> DecideAsync()
    {
        var asked = new List<BuildRequested>();
        for (var rounds = 0; _graph.Store.Read(db => Round.Next(db, Settings)) is { } due; rounds++)
        {
            var now = _graph.Now.ToUnixTimeMilliseconds();
            if (due > now)
                break;
            Assert.That(rounds, Is.LessThan(100), "it comes to an end");
            asked.AddRange((await _graph.Store.WriteAsync(
                db => Round.Run(db, Settings, now), CancellationToken.None)).Asked);
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
        FinishAsync(request.BuildId, request.Image.Repository, outcome);

    /// <summary>What is outdated: <c>repository: outlook</c>, in order.</summary>
    public IReadOnlyList<string> Outdated => _graph.Query<string>("""
        select image.repository || ': ' || verdict.outlook
          from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
         where verdict.outdated = 1 order by 1
        """);

    public string NextOf(string repository) => _graph.Query<string>($"""
        select verdict.next from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
         where verdict.outdated = 1 and image.repository = '{repository}'
        """).Single();

    /// <summary>State of each cascade, the oldest first.</summary>
    public IReadOnlyList<string> Cascades => _graph.Query<string>("select state from cascade order by began_at, rowid");

    public SeenImage Image(string repository) => _images[repository + ":latest"];

    public async ValueTask DisposeAsync() => await _graph.DisposeAsync();

    private async Task FinishAsync(Guid id, string repository, BuildOutcome outcome)
    {
        var bases = _recipes[repository].Bases.Select((name, place) => (Name: name.TrimStart('@'), Pinned: name[0] == '@',
            Final: place == 0)).ToList();
        var layers = bases.Count == 0 ? "" : string.Join(' ', Image(bases[0].Name).DiffIds.Select(layer => layer[7..19]));
        var copied = string.Join('+', bases.Skip(1).Select(used => Image(used.Name).Digest[7..15]));
        var made = Graph.Image($"{layers} {repository}{copied}".Trim());
        var build = Graph.Built(repository, "latest", made,
            [.. bases.Select(used => Graph.Used($"{used.Name}:latest", _recipes[repository].Pinned(used.Name, Image(used.Name)),
                final: used.Final, pinned: used.Pinned))]) with
        {
            BuildId = id,
            Outcome = outcome,
            Reason = outcome == BuildOutcome.Succeeded ? null : "RUN ended with 7",
            CompletedAt = _graph.Now,
        };
        if (outcome != BuildOutcome.Succeeded)
        {
            await _graph.BuiltAsync(build with { Digest = null, Pushed = [], Bases = [] });
            return;
        }

        _images[repository + ":latest"] = made;
        await _graph.BuiltAsync(build);
        await _graph.PushAsync(repository, "latest", made, "build");
        await _graph.Store.WriteAsync(db => { db.Execute("delete from question"); }, CancellationToken.None);
    }

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
