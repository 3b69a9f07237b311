using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Tests.Layers;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>What a push is said to set off, beside what it then does.</summary>
internal sealed partial class RandomWorld
{
    /// <summary>At rest; no push to another image comes between, and every rebuild succeeds.</summary>
    public void CheckPreview(string root)
    {
        var tag = _file.Write(db => Names.TagOf(db, Names.ImageOf(db, Graph.Host, root), "latest"));
        var preview = _file.Read(db => new Preview(db, Options, Now).Of(tag, $"{Graph.Host}/{root}:latest"));
        var before = _queue.Count;
        Push(root, isNew: true);
        ComeToRest();

        var asked = _queue.Values.Skip(before).ToList(); // in the order in which they were asked for
        Assert.That(
            asked.Select(one => Words(one.Image.Repository, one.Tags, one.Cause!.Depth)),
            Is.EquivalentTo(preview.Rebuilt.Select(Words)), () => $"what a push of {root} rebuilds: {State()}");
        AreInOrder([.. asked.Where(one => one.Tags.Contains("latest")).Select(one => one.Image.Repository)]);
        AreInOrder([.. preview.Rebuilt.Where(node => node.Tags.Contains("latest")).Select(RepositoryOf)]);
        var unsure = Unsure([.. preview.Rebuilt.Select(RepositoryOf)]);
        Assert.That(
            preview.Flagged.Where(node => !unsure.Contains(RepositoryOf(node)))
                .SelectMany(node => node.Tags.Select(name => $"{RepositoryOf(node)}:{name}: {node.Reason}")),
            Is.EquivalentTo(OutdatedOver(root, unsure)), () => $"what a push of {root} leaves outdated: {State()}");
    }

    // What takes something from an image that is rebuilt too, and does not wait for it, is current or not as it comes;
    // and so is what stands on that.
    private HashSet<string> Unsure(HashSet<string> rebuilt)
    {
        var first = rebuilt.Where(name => _registry.UsesOf(name)
            .Any(use => !use.Pinned && !Counts(name, use) && rebuilt.Contains(use.Name))).ToList();
        return [.. first, .. _registry.AppNames.Where(name => _registry.Below(name).Overlaps(first))];
    }

    private void AreInOrder(List<string> rebuilt)
    {
        foreach (var (place, name) in rebuilt.Index())
            Assert.That(rebuilt.Skip(place).Intersect(RebuiltBelow(name)), Is.Empty, () => $"{name} before it: {State()}");
    }

    private IEnumerable<string> OutdatedOver(string root, HashSet<string> unsure) =>
        from row in _file.Query<(string Repository, string Tag, string Next)>("""
            select image.repository, tag.name, verdict.next
              from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
             where verdict.outdated = 1
            """)
        where _registry.Below(row.Repository).Contains(root) && !unsure.Contains(row.Repository)
        select $"{row.Repository}:{row.Tag}: {row.Next}";

    private static string Words(CascadeNode node) => Words(RepositoryOf(node), node.Tags, node.Depth);

    private static string Words(string repository, IEnumerable<string> tags, int? depth) =>
        $"{repository}:{string.Join(',', tags.Order(StringComparer.Ordinal))} on storey {depth}";

    private static string RepositoryOf(CascadeNode node) => node.Image[(Graph.Host.Length + 1)..];
}
