using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// All that one transaction writes into the graph. What follows from it (which evidence counts, who stands on whom,
/// what is stale) is derived once, at its end.
/// </summary>
public sealed class Recording
{
    private readonly HashSet<long> _children = []; // manifests whose edges may have changed
    private readonly HashSet<long> _based = [];    // manifests that got a tag: what stands on them has a name
    private readonly HashSet<long> _pointing = []; // tags that point elsewhere
    private readonly HashSet<long> _bases = [];    // tags of whose versions some may be stale, or no more

    private Recording(SqliteConnection db, long now)
    {
        Db = db;
        Now = now;
    }

    public SqliteConnection Db { get; }

    /// <summary>Unix milliseconds.</summary>
    public long Now { get; }

    /// <summary>Inside of a write of the store.</summary>
    public static T Run<T>(SqliteConnection db, DateTimeOffset now, Func<Recording, T> work)
    {
        var recording = new Recording(db, now.ToUnixTimeMilliseconds());
        var result = work(recording);
        recording.Derive();
        return result;
    }

    public static void Run(SqliteConnection db, DateTimeOffset now, Action<Recording> work) =>
        Run(db, now, recording => { work(recording); return true; });

    /// <summary>
    /// What the registry has under a digest. What was read once is not read again: a digest does not change.
    /// </summary>
    /// <param name="image">The repository it was read from.</param>
    /// <returns>The manifest's id.</returns>
    public long Manifest(long image, SeenManifest seen) => Manifests.Record(this, image, seen);

    /// <summary>A tag has been found to point to this. Nothing happens where it did so already.</summary>
    /// <param name="manifest">Null where the tag is gone.</param>
    /// <param name="source">push, build, reconcile or watch.</param>
    /// <returns>Whether it is a move.</returns>
    public bool Move(long tag, long? manifest, string source) => TagMoves.Record(this, tag, manifest, source);

    /// <summary>A tag pointed to this once, between two moves that were seen.</summary>
    public void Past(long tag, long manifest) => TagMoves.Past(this, tag, manifest);

    /// <summary>The end of a build; nothing happens where it is known.</summary>
    public void Build(BuildCompleted build, string defaultRegistry) =>
        BuildRecords.Record(this, build, defaultRegistry);

    internal void ChangedChild(long manifest) => _children.Add(manifest);

    internal void NewlyTagged(long manifest) => _based.Add(manifest);

    internal void PointsElsewhere(long tag) => _pointing.Add(tag);

    internal void ChangedBase(long tag) => _bases.Add(tag);

    private void Derive()
    {
        foreach (var child in _children)
            Evidence.Weigh(Db, child);

        var tags = new HashSet<long>(_pointing);
        foreach (var child in _children)
            tags.UnionWith(Footings.TagsOf(Db, child));
        foreach (var child in _based
            .SelectMany(manifest => Footings.ChildrenOf(Db, manifest).Concat(Twins.ChildrenOf(Db, manifest)))
            .Except(_children).ToHashSet())
            tags.UnionWith(Footings.TagsOf(Db, child));

        var twins = new Twins(Db);
        foreach (var tag in tags)
        {
            if (Footings.Derive(Db, twins, tag))
                Undecided.Add(Db, tag);
        }

        foreach (var tag in _bases)
        {
            if (BaseVersions.Judge(Db, tag))
                Undecided.Add(Db, tag);
        }
    }
}
