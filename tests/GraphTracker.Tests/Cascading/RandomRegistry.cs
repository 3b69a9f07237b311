using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using BaseImage = Builds.Contracts.BaseImage;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>Images in a registry, what each is built from, and who builds: as simple as they can be.</summary>
internal sealed class RandomRegistry
{
    private const int Roots = 2;
    private const int Apps = 6;

    private readonly Random _random;
    private readonly Dictionary<string, List<string>> _recipes = [];
    private readonly Dictionary<string, SeenImage> _images = [];
    private readonly Dictionary<string, SeenImage> _byDigest = [];
    private readonly Dictionary<string, int> _versions = [];
    private readonly HashSet<string> _flat = []; // what they make is the same, whatever they copy
    private int _made;

    public RandomRegistry(int seed)
    {
        _random = new Random(seed);
        for (var root = 0; root < Roots; root++)
            Push("root" + root, isNew: true);
        for (var app = 0; app < Apps; app++)
        {
            var below = _images.Keys.ToList();
            List<string> bases = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => below[_random.Next(below.Count)]).Distinct()];
            if (_random.Next(12) == 0)
                bases.Add("app" + _random.Next(app, Apps)); // perhaps a circle
            _recipes["app" + app] = bases;
            if (_random.Next(5) == 0)
                _flat.Add("app" + app);
            Finish(Start("app" + app));
        }
    }

    public IReadOnlyList<string> RootNames => [.. _images.Keys.Where(name => !_recipes.ContainsKey(name))];

    public IReadOnlyList<string> AppNames => [.. _recipes.Keys];

    public bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    public SeenImage Of(string name) => _images[name];

    public SeenImage At(string digest) => _byDigest[digest];

    public IReadOnlyList<string> BasesOf(string app) => _recipes[app];

    /// <summary>All that it stands on, through others; itself only where it is in a circle.</summary>
    public HashSet<string> Below(string app)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>([app]);
        while (open.TryPop(out var next))
        {
            foreach (var below in _recipes.GetValueOrDefault(next, []).Where(found.Add))
                open.Push(below);
        }

        return found;
    }

    /// <summary>A root moves, to something new or to the same in other bytes.</summary>
    public void Push(string root, bool isNew)
    {
        _made++;
        if (isNew)
            _versions[root] = _versions.GetValueOrDefault(root) + 1;
        Set(root, Graph.Image($"{root}-{_versions[root]}", history: $"{root} {_made}"));
    }

    /// <summary>The bases are taken as they are now.</summary>
    public RandomBuild Start(string app, BuildRequested? request = null)
    {
        var bases = _recipes[app].Where(_images.ContainsKey).ToList();
        return new RandomBuild
        {
            Id = request?.BuildId ?? Guid.NewGuid(),
            Image = app,
            IsRebuild = request is not null,
            Used = bases.ToDictionary(name => name, name => _images[name]),
            Versions = string.Join(' ', bases.Select(name => $"{name}@{_versions[name]}")),
        };
    }

    /// <summary>It pushes what it has made.</summary>
    public BuildCompleted Finish(RandomBuild build)
    {
        var layers = _flat.Contains(build.Image) || build.Used.Count == 0
            ? build.Image
            : string.Join(' ', build.Used.Values.First().DiffIds.Select(layer => layer[7..19]))
                + $" {build.Image}+{string.Join('+', build.Used.Values.Skip(1).Select(used => Convert.ToHexString(used.Content.Span)[..8]))}";
        var made = Graph.Image(layers, history: $"{build.Image} {++_made}");
        if (!_images.TryGetValue(build.Image, out var before) || !before.Content.Span.SequenceEqual(made.Content.Span))
            _versions[build.Image] = _versions.GetValueOrDefault(build.Image) + 1;
        Set(build.Image, made);
        var used = build.Used.Select((each, place) => Graph.Used($"{each.Key}:latest", each.Value, final: place == 0));
        return Graph.Built(build.Image, "latest", made, [.. used]) with { BuildId = build.Id };
    }

    private void Set(string name, SeenImage image) => _images[name] = _byDigest[image.Digest] = image;

    /// <summary>Of the same bases, as far as their content goes.</summary>
    public bool IsCurrent(string app, IReadOnlyDictionary<string, SeenImage> used) =>
        used.Where(each => each.Key != app)
            .All(each => each.Value.Content.Span.SequenceEqual(_images[each.Key].Content.Span));
}

internal sealed record RandomBuild
{
    public required Guid Id { get; init; }
    public required string Image { get; init; }
    public required bool IsRebuild { get; init; }
    public required IReadOnlyDictionary<string, SeenImage> Used { get; init; }

    /// <summary>Which states of its bases it is built on.</summary>
    public required string Versions { get; init; }
}
