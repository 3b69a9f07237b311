using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// Images with the same layers, of which no history says on which another stands: it could be any of them. So only a tag
/// that has pointed to all of them is one that it stands on; what one tag has pointed to counts as one image.
/// </summary>
internal static class Twins
{
    private const string IsTold = """
        (length(base.history) > 0 and substr(child.history, 1, length(base.history)) = base.history)
        """;

    private const string FromOthers = """
        manifest child cross join manifest base
          cross join manifest other on other.chain = base.chain and other.platform = base.platform
         where child.id = @child and base.id = @base and other.kind = 'image' and other.id <> child.id
           and (other.read_at <= child.read_at or base.read_at > child.read_at)
        """;

    // One that came after both the child and the base that was found for it is none that it could have been built on.
    private const string SelectNames = $"""
        with twin(id) as (
          select @base
          union
          select other.id from {FromOthers} and other.history = base.history and {IsTold}
          union
          select other.id from {FromOthers} and not {IsTold}
             and not (length(other.history) > 0 and substr(child.history, 1, length(other.history)) = other.history)),
        named(id, tag) as (
          select twin.id, tag_past.tag from twin cross join tag_past on tag_past.manifest = twin.id
          union
          select twin.id, tag_past.tag from twin cross join member on member.image_id = twin.id
           cross join tag_past on tag_past.manifest = member.index_id),
        other(id, tag) as (
          select id, tag from named
           where tag not in (select mate.id from tag own join tag mate on mate.manifest = own.manifest where own.id = @tag))
        select tag as Tag, iif(max(id = @base), @base, max(id)) as Manifest,
               count(*) = (select count(distinct id) from other) as IsOfAll
          from other group by tag
        """;

    /// <summary>The tags that what stands on an image by its layers stands on, and what they pointed to.</summary>
    /// <param name="tag">The child's own: neither that nor another of its tags is what it stands on.</param>
    /// <returns>Null where no other tag has ever pointed to any of them.</returns>
    internal static List<(long Tag, long Manifest)>? NamesOf(SqliteConnection db, long tag, long child, long @base)
    {
        var names = db.Query<(long Tag, long Manifest, long IsOfAll)>(SelectNames, new { tag, child, @base }).AsList();
        return names.Count == 0
            ? null
            : [.. names.Where(name => name.IsOfAll != 0).Select(name => (name.Tag, name.Manifest))];
    }

    // Of an image that has just got a name what stands on its twins may not be told from it any more, or be told again.
    private const string SelectChildren = """
        select edge.child
          from (select @manifest as id union select image from part where manifest = @manifest) named
          join manifest own on own.id = named.id
          join manifest twin on twin.chain = own.chain and twin.platform = own.platform and twin.kind = 'image'
               and twin.id <> own.id
          join edge on edge.base = twin.id and edge.evidence = 4 and edge.counts = 1
          join manifest child on child.id = edge.child
         where own.read_at <= child.read_at or twin.read_at > child.read_at
        """;

    /// <summary>What stands on twins of an image that a tag began to point to.</summary>
    internal static IEnumerable<long> ChildrenOf(SqliteConnection db, long manifest) =>
        db.Query<long>(SelectChildren, new { manifest });
}
