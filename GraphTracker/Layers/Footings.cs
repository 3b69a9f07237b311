using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>Which tag stands on which: derived from edges and from what tags point to.</summary>
internal static class Footings
{
    private const int MostStoreys = 100;

    // Through images that no tag points to any more: what stands on such a one stands on its base.
    private const string SelectTagsOf = """
        with recursive dependent(id) as (
          select @manifest
          union
          select edge.child
            from dependent join edge on edge.base = dependent.id and edge.counts = 1 and edge.evidence = 4
           where not exists (select 1 from tag where manifest = dependent.id)
             and not exists (select 1 from member join tag on tag.manifest = member.index_id
                              where member.image_id = dependent.id))
        select tag.id from dependent join tag on tag.manifest = dependent.id
        union
        select tag.id from dependent
          join member on member.image_id = dependent.id
          join tag on tag.manifest = member.index_id
        """;

    /// <summary>The tags that point to an image, or to an index that has it.</summary>
    internal static IEnumerable<long> TagsOf(SqliteConnection db, long manifest) =>
        db.Query<long>(SelectTagsOf, new { manifest });

    private const string SelectChildren = """
        select edge.child
          from (select @manifest as id union select image from part where manifest = @manifest) based
          join edge on edge.base = based.id and edge.counts = 1 and edge.base_tag = 0
        """;

    /// <summary>What stands on an image, or on one of an index, without saying by which tag.</summary>
    internal static IEnumerable<long> ChildrenOf(SqliteConnection db, long manifest) =>
        db.Query<long>(SelectChildren, new { manifest });

    private const string SelectOld = """
        select standing.version as Version, standing.kind as Kind, standing.evidence as Evidence,
               standing.pinned as Pinned
          from standing where tag = @tag
        """;

    private const string Delete = "delete from standing where tag = @tag and version = @Version and kind = @Kind";

    private const string Insert = """
        insert into standing (tag, version, kind, evidence, pinned) values (@tag, @Version, @Kind, @Evidence, @Pinned)
        """;

    /// <returns>Whether anything has changed.</returns>
    internal static bool Derive(SqliteConnection db, Twins twins, long tag)
    {
        var now = Find(db, twins, tag)
            .GroupBy(footing => (footing.Base, footing.Manifest, footing.Kind))
            .Select(same => new Standing(
                BaseVersions.IdOf(db, same.Key.Base, same.Key.Manifest, same.Select(each => each.Platform)),
                same.Key.Kind, same.Min(each => each.Evidence), same.Min(each => each.Pinned)))
            .ToHashSet();
        var before = db.Query<Standing>(SelectOld, new { tag }).ToHashSet();

        foreach (var old in before.Except(now))
        {
            db.Execute(Delete, new { tag, old.Version, old.Kind });
        }

        foreach (var added in now.Except(before))
            db.Execute(Insert, new { tag, added.Version, added.Kind, added.Evidence, added.Pinned });
        foreach (var version in before.Except(now).Select(old => old.Version).Distinct())
            BaseVersions.DeleteUnused(db, version);
        return !now.SetEquals(before);
    }

    // A tag that was deleted stands on what it stood on, as long as something stands on it: that has it in its layers.
    private const string SelectChildrenOfTag = """
        select part.image as Manifest, part.platform as Platform, part.manifest as Whole
          from tag join part on part.manifest = coalesce(tag.manifest, (
            select last.old_manifest from tag_move last
             where last.tag = tag.id and exists (select 1 from base_version where base_version.base_tag = tag.id)
             order by last.number desc limit 1))
         where tag.id = @tag
        """;

    private static List<Footing> Find(SqliteConnection db, Twins twins, long tag)
    {
        var footings = new List<Footing>();
        var parts = db.Query<Part>(SelectChildrenOfTag, new { tag }).AsList();
        if (parts.Count == 0)
            return footings;

        var whole = EdgesOf(db, parts[0].Whole); // a build that pushed an index names the bases of all in it
        foreach (var part in parts)
        {
            foreach (var edge in whole.Count > 0 ? whole : EdgesOf(db, part.Manifest))
                Follow(db, twins, tag, part.Platform, part.Manifest, edge, footings);
        }

        return footings;
    }

    private const string SelectEdges = """
        select base as Base, base_tag as Tag, evidence as Evidence, kind as Kind, pinned as Pinned
          from edge where child = @child and counts = 1
        """;

    private static List<Edge> EdgesOf(SqliteConnection db, long child) =>
        db.Query<Edge>(SelectEdges, new { child }).AsList();

    private const string SelectBaseTags = """
        select tag from tag_past where manifest = @Base
        union
        select tag from tag_past join member on member.index_id = tag_past.manifest where member.image_id = @Base
        """;

    // A tag's own earlier version is no base of it, and one that never had a tag has no name: then it is what that
    // one stands on.
    private static void Follow(SqliteConnection db, Twins twins, long tag, string platform, long child, Edge edge,
        List<Footing> footings)
    {
        var seen = new HashSet<long>();
        var open = new Queue<(long Child, Edge Edge, long Evidence)>([(child, edge, edge.Evidence)]);
        while (open.TryDequeue(out var each) && seen.Count < MostStoreys)
        {
            var (above, next, evidence) = each;
            if (next.Tag != 0)
            {
                footings.Add(new Footing(next.Tag, next.Base, platform, next.Kind, evidence, next.Pinned));
                continue;
            }

            var names = next.Evidence == Edges.Layers
                ? twins.NamesOf(tag, above, next.Base)
                : NamesOf(db, tag, next.Base);
            footings.AddRange((names ?? []).Select(name =>
                new Footing(name.Tag, name.Manifest, platform, next.Kind, evidence, next.Pinned)));
            if (names is null && evidence == Edges.Layers && seen.Add(next.Base))
            {
                foreach (var below in EdgesOf(db, next.Base).Where(below => below.Kind == "finalFrom"))
                    open.Enqueue((next.Base, below, Edges.Layers));
            }
        }
    }

    /// <returns>Null where no tag but this one has ever pointed to it.</returns>
    private static List<(long Tag, long Manifest)>? NamesOf(SqliteConnection db, long tag, long @base)
    {
        var names = db.Query<long>(SelectBaseTags, new { Base = @base })
            .Where(found => found != tag).Select(found => (found, @base)).ToList();
        return names.Count == 0 ? null : names;
    }

    private sealed record Part(long Manifest, string Platform, long Whole);

    private sealed record Edge(long Base, long Tag, long Evidence, string Kind, long Pinned);

    private sealed record Footing(long Base, long Manifest, string Platform, string Kind, long Evidence, long Pinned);

    private sealed record Standing(long Version, string Kind, long Evidence, long Pinned);
}
