using Builds.GraphTracker.Cascading.Decision;
using Builds.GraphTracker.Layers;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Reads what the affected tags stand on.</summary>
internal sealed class UnitBases(SqliteConnection db, Moves moves)
{
    private const string Select = """
        select footing.tag as Tag, footing.base_tag as BaseTag, footing.kind as Kind, footing.evidence as Evidence,
               footing.pinned as Pinned, footing.stale as Stale, footing.base_manifest as Manifest, tag.moves as Moves,
               tag.manifest is null as IsDeleted
          from affected cross join footing on footing.tag = affected.tag
          join tag on tag.id = footing.base_tag
         order by affected.tag, footing.base_tag, footing.kind
        """;

    // Many stand on few: names and digests are read once each.
    private readonly Dictionary<long, (string Name, string Digest)> _bases = [];
    private readonly Dictionary<long, string> _digests = [];
    private readonly HashSet<long> _below = [];

    /// <returns>By tag.</returns>
    internal Dictionary<long, List<Footing>> Read()
    {
        var found = new Dictionary<long, List<Footing>>();
        foreach (var row in db.Query<Row>(Select, buffered: false))
        {
            if (!found.TryGetValue(row.Tag, out var footings))
                found[row.Tag] = footings = new List<Footing>(1);
            footings.Add(FootingOf(row));
            if (row.IsDeleted != 0)
                footings.AddRange(BelowOf(row));
        }

        return found;
    }

    /// <summary>Tags that something stands on with nothing but deleted tags in between.</summary>
    internal IReadOnlyCollection<long> Below => _below;

    private const string SelectBelow = """
        with recursive below(tag, depth) as (
          select @BaseTag, 0
          union
          select footing.base_tag, below.depth + 1
            from below join tag on tag.id = below.tag and tag.manifest is null
            join footing on footing.tag = below.tag and footing.kind = 'finalFrom'
           where below.depth < 20)
        select distinct @Tag as Tag, footing.base_tag as BaseTag, footing.kind as Kind,
               max(footing.evidence, @Evidence) as Evidence, footing.pinned as Pinned, footing.stale as Stale,
               footing.base_manifest as Manifest, tag.moves as Moves, tag.manifest is null as IsDeleted
          from below join tag gone on gone.id = below.tag and gone.manifest is null
          join footing on footing.tag = below.tag and footing.kind = 'finalFrom'
          join tag on tag.id = footing.base_tag and tag.manifest is not null
        """;

    private IEnumerable<Footing> BelowOf(Row deleted)
    {
        var name = BaseOf(deleted.BaseTag).Name;
        foreach (var row in db.Query<Row>(SelectBelow, deleted).Where(row => row.BaseTag != deleted.Tag))
        {
            _below.Add(row.BaseTag);
            yield return FootingOf(row) with { Deleted = name };
        }
    }

    private Footing FootingOf(Row row)
    {
        var (name, digest) = BaseOf(row.BaseTag);
        return new Footing
        {
            BaseTag = row.BaseTag,
            Base = name,
            OldDigest = DigestOf(row.Manifest),
            NewDigest = digest,
            Kind = row.Kind,
            Evidence = Edges.NameOf(row.Evidence),
            Pinned = row.Pinned != 0,
            Moves = row.Moves,
            Moved = row.Stale != 0 ? moves.Last(row.BaseTag, name, row.Manifest) : null,
        };
    }

    private const string SelectBase = """
        select image.registry || '/' || image.repository || ':' || tag.name as Name,
               coalesce(manifest.digest, '') as Digest
          from tag join image on image.id = tag.image left join manifest on manifest.id = tag.manifest
         where tag.id = @tag
        """;

    private (string Name, string Digest) BaseOf(long tag) => _bases.TryGetValue(tag, out var known)
        ? known
        : _bases[tag] = db.QuerySingle<(string, string)>(SelectBase, new { tag });

    private const string SelectDigest = "select digest from manifest where id = @manifest";

    private string DigestOf(long manifest) => _digests.TryGetValue(manifest, out var known)
        ? known
        : _digests[manifest] = db.QuerySingle<string>(SelectDigest, new { manifest });

    private sealed record Row
    {
        public required long Tag { get; init; }
        public required long BaseTag { get; init; }
        public required string Kind { get; init; }
        public required long Evidence { get; init; }
        public required long Pinned { get; init; }
        public required long Stale { get; init; }
        public required long Manifest { get; init; }
        public required long Moves { get; init; }
        public required long IsDeleted { get; init; }
    }
}
