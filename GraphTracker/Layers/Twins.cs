using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// Images with the same layers, of which no history says on which another stands: it could be any of them. So only a
/// tag that has pointed to all of them is one that it stands on; what one tag has pointed to counts as one image. Those
/// of a base are read once, however many stand on it: nothing may be recorded as long as one of this is used.
/// </summary>
internal sealed class Twins(SqliteConnection db)
{
    private readonly Dictionary<long, (Image Base, List<Named> Named)> _known = [];

    /// <summary>The tags that what stands on an image by its layers stands on, and what they pointed to.</summary>
    /// <param name="tag">The child's own: neither that nor another of its tags is what it stands on.</param>
    /// <returns>Null where no other tag has ever pointed to any of them.</returns>
    internal List<(long Tag, long Manifest)>? NamesOf(long tag, long child, long @base)
    {
        if (!_known.TryGetValue(@base, out var known))
            _known[@base] = known = (Read(@base), db.Query<Named>(SelectNamed, new { @base }).AsList());
        var (of, mates) = (Read(child), db.Query<long>(SelectMates, new { tag }).ToHashSet());
        var isTold = of.Continues(known.Base.History);

        var names = known.Named.Where(name => IsLike(name) && !mates.Contains(name.Tag)).ToList();
        if (names.Count == 0)
            return null;
        var images = names.Select(name => name.Id).Distinct().Count();
        return
        [
            .. names.GroupBy(name => name.Tag, name => name.Id)
                .Where(same => same.Count() == images)
                .Select(same => (same.Key, same.Contains(@base) ? @base : same.Max())),
        ];

        // One that came after both the child and the base that was found for it is none that it could have been built
        // on.
        bool IsLike(Named other) => other.Id == @base
            || (other.Id != child && (other.ReadAt <= of.ReadAt || known.Base.ReadAt > of.ReadAt)
                && (isTold
                    ? other.History.AsSpan().SequenceEqual(known.Base.History)
                    : !of.Continues(other.History)));
    }

    private const string SelectImage = "select history as History, read_at as ReadAt from manifest where id = @id";

    private Image Read(long id) => db.QuerySingle<Image>(SelectImage, new { id });

    private const string SelectMates =
        "select mate.id from tag own join tag mate on mate.manifest = own.manifest where own.id = @tag";

    private const string SelectNamed = """
        with twin(id, history, read_at) as (
          select other.id, other.history, other.read_at
            from manifest base
           cross join manifest other on other.chain = base.chain and other.platform = base.platform
           where base.id = @base and other.kind = 'image')
        select twin.id as Id, twin.history as History, twin.read_at as ReadAt, tag_past.tag as Tag
          from twin cross join tag_past on tag_past.manifest = twin.id
        union
        select twin.id, twin.history, twin.read_at, tag_past.tag
          from twin cross join member on member.image_id = twin.id
         cross join tag_past on tag_past.manifest = member.index_id
        """;

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

    private sealed record Image(byte[] History, long ReadAt)
    {
        public bool Continues(byte[] history) => history.Length > 0 && History.AsSpan().StartsWith(history);
    }

    private sealed record Named
    {
        public long Id { get; init; }

        public byte[] History { get; init; } = [];

        public long ReadAt { get; init; }

        public long Tag { get; init; }
    }
}
