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
    private readonly Dictionary<string, List<RandomUse>> _recipes = [];
    private readonly Dictionary<string, string[]> _tags = [];
    private readonly Dictionary<string, SeenImage> _images = []; // by repository, what latest is; others with their tag
    private readonly Dictionary<(string, string), SeenImage> _pinned = [];
    private readonly Dictionary<string, SeenImage> _byDigest = [];
    private readonly Dictionary<string, int> _versions = [];
    private readonly HashSet<string> _flat = []; // what they make is the same, whatever they copy
    private int _made;

    public RandomRegistry(int seed, bool isFlat)
    {
        _random = new Random(seed);
        for (var root = 0; root < Roots; root++)
            Push("root" + root, isNew: true);
        for (var app = 0; app < Apps; app++)
        {
            var below = _images.Keys.Where(name => !name.Contains(':', StringComparison.Ordinal)).ToList();
            List<string> bases = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => below[_random.Next(below.Count)]).Distinct()];
            if (_random.Next(12) == 0)
                bases.Add("app" + _random.Next(app, Apps)); // perhaps a circle
            _recipes["app" + app] = [.. bases.Select((name, place) => new RandomUse(
                name, place == 0, place > 0 && Chance(2) ? BaseImageKind.CopyFrom : BaseImageKind.From, Chance(8)))];
            _tags["app" + app] = Chance(3) ? ["1.0", "latest"] : ["latest"];
            if (_random.Next(5) == 0 && isFlat)
                _flat.Add("app" + app);
            Finish(Start("app" + app));
        }
    }

    public IReadOnlyList<string> RootNames { get; } = [.. Enumerable.Range(0, Roots).Select(root => "root" + root)];

    public IReadOnlyList<string> AppNames => [.. _recipes.Keys];

    /// <summary>In any order: what stands on others may be known before them.</summary>
    public IReadOnlyList<string> Shuffled()
    {
        var names = AppNames.ToArray();
        _random.Shuffle(names);
        return names;
    }

    public bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    public int Next(int below) => _random.Next(below);

    public SeenImage Of(string name, string tag = "latest") => _images[Key(name, tag)];

    public SeenImage At(string digest) => _byDigest[digest];

    public IReadOnlyList<string> TagsOf(string name) => _tags.GetValueOrDefault(name, ["latest"]);

    public IReadOnlyList<RandomUse> UsesOf(string app) => _recipes[app];

    /// <summary>All that it stands on, through others; itself only where it is in a circle.</summary>
    public HashSet<string> Below(string app)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>([app]);
        while (open.TryPop(out var next))
        {
            foreach (var below in _recipes.GetValueOrDefault(next, []).Select(use => use.Name).Where(found.Add))
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
        Set(root, "latest", Graph.Image($"{root}-{_versions[root]}", history: $"{root} {_made}"));
    }

    /// <summary>The bases are taken as they are now; of those that are pinned, as they were at first.</summary>
    public RandomBuild Start(string app, BuildRequested? request = null, params string[] tags)
    {
        var uses = _recipes[app].Where(use => _images.ContainsKey(use.Name)).ToList();
        return new RandomBuild
        {
            Id = request?.BuildId ?? Guid.NewGuid(),
            Image = app,
            Tags = request is not null ? [.. request.Tags] : tags.Length > 0 ? tags : _tags[app],
            IsRebuild = request is not null,
            Replaces = request?.Replaces,
            Used = [.. uses.Select(use => (use, Taken(app, use), _versions[use.Name]))],
        };
    }

    private SeenImage Taken(string app, RandomUse use) => !use.Pinned
        ? _images[use.Name]
        : _pinned.TryGetValue((app, use.Name), out var first) ? first : _pinned[(app, use.Name)] = _images[use.Name];

    /// <summary>It pushes what it has made.</summary>
    public BuildCompleted Finish(RandomBuild build)
    {
        var used = build.Used.Select(each => each.Image).ToList();
        var layers = _flat.Contains(build.Image) || used.Count == 0
            ? build.Image
            : string.Join(' ', used[0].DiffIds.Select(layer => layer[7..19]))
                + $" {build.Image}+{string.Join('+', used.Skip(1).Select(copied => Convert.ToHexString(copied.Content.Span)[..8]))}";
        var made = Graph.Image(layers, history: $"{build.Image} {++_made}");
        foreach (var tag in build.Tags)
            Put(build.Image, tag, made);
        return Graph.Built(build.Image, "latest", made, [.. build.Used.Select(each => Graph.Used(
            $"{each.Use.Name}:latest", each.Image, each.Use.Kind, each.Use.IsFinal, each.Use.Pinned))]) with
        {
            BuildId = build.Id, Tags = build.Tags, Pushed = build.Tags,
        };
    }

    /// <summary>The tag points to that from now on.</summary>
    public void Put(string app, string tag, SeenImage image)
    {
        if (tag == "latest"
            && (!_images.TryGetValue(app, out var before) || !before.Content.Span.SequenceEqual(image.Content.Span)))
            _versions[app] = _versions.GetValueOrDefault(app) + 1;
        Set(app, tag, image);
    }

    private static string Key(string name, string tag) => tag == "latest" ? name : $"{name}:{tag}";

    private void Set(string name, string tag, SeenImage image) => _images[Key(name, tag)] = _byDigest[image.Digest] = image;

    /// <summary>Of the same bases, as far as their content goes.</summary>
    public bool IsCurrent(RandomBuild build, Func<RandomUse, bool> counts) => build.Used
        .Where(each => each.Use.Name != build.Image && counts(each.Use))
        .All(each => each.Image.Content.Span.SequenceEqual(_images[each.Use.Name].Content.Span));
}

internal sealed record RandomUse(string Name, bool IsFinal, BaseImageKind Kind, bool Pinned);

internal sealed record RandomBuild
{
    public required Guid Id { get; init; }
    public required string Image { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public required bool IsRebuild { get; init; }
    public string? Replaces { get; init; }

    /// <summary>What it is built on, and which state of each.</summary>
    public required IReadOnlyList<(RandomUse Use, SeenImage Image, int Version)> Used { get; init; }
}
