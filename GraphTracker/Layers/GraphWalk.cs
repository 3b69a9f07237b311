using System.Text.Json;
using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// From tag to tag over what stands on what, storey by storey, each tag once: cycles and diamonds end too.
/// </summary>
public static class GraphWalk
{
    private const string Columns = """
        standing.tag as Child, version.base_tag as Base,
               child_image.registry as ChildRegistry, child_image.repository as ChildRepository,
               child.name as ChildName,
               base_image.registry as BaseRegistry, base_image.repository as BaseRepository, base.name as BaseName,
               manifest.digest as Digest, standing.kind as Kind, standing.evidence as Evidence,
               standing.pinned as Pinned, version.stale as Stale
        """;

    private const string Names = """
        cross join manifest on manifest.id = version.manifest
          cross join tag child on child.id = standing.tag
          cross join image child_image on child_image.id = child.image
          cross join tag base on base.id = version.base_tag
          cross join image base_image on base_image.id = base.image
        """;

    // "cross join" keeps SQLite to this order: from the storey, never from all that there is.
    private const string SelectAbove = $"""
        select {Columns}
          from json_each(@storey) storey
          cross join base_version version on version.base_tag = storey.value
          cross join standing on standing.version = version.id
          {Names}
         limit @most
        """;

    private const string SelectBelow = $"""
        select {Columns}
          from json_each(@storey) storey
          cross join standing on standing.tag = storey.value
          cross join base_version version on version.id = standing.version
          {Names}
         limit @most
        """;

    /// <summary>All that stands on these tags, the nearest first.</summary>
    public static (IReadOnlyList<GraphEdge> Edges, bool Truncated) Above(
        SqliteConnection db, IReadOnlyList<long> tags, int most) => Walk(db, tags, most, SelectAbove, row => row.Child);

    /// <summary>All that these tags stand on, the nearest first.</summary>
    public static (IReadOnlyList<GraphEdge> Edges, bool Truncated) Below(
        SqliteConnection db, IReadOnlyList<long> tags, int most) => Walk(db, tags, most, SelectBelow, row => row.Base);

    private static (IReadOnlyList<GraphEdge> Edges, bool Truncated) Walk(
        SqliteConnection db, IReadOnlyList<long> tags, int most, string select, Func<Row, long> next)
    {
        var edges = new List<GraphEdge>();
        var seen = new HashSet<long>(tags);
        var storey = tags;
        for (var depth = 1; storey.Count > 0; depth++)
        {
            var rows = db.Query<Row>(
                select, new { storey = JsonSerializer.Serialize(storey), most = most - edges.Count + 1 }).AsList();
            edges.AddRange(rows.Select(row => EdgeOf(row, depth)));
            if (edges.Count > most)
                return (edges[..most], true);
            storey = [.. rows.Select(next).Where(seen.Add)];
        }

        return (edges, false);
    }

    private static GraphEdge EdgeOf(Row row, int depth) => new()
    {
        Child = $"{row.ChildRegistry}/{row.ChildRepository}:{row.ChildName}",
        Base = $"{row.BaseRegistry}/{row.BaseRepository}:{row.BaseName}",
        BaseDigest = row.Digest,
        Kind = row.Kind,
        Evidence = Edges.NameOf(row.Evidence),
        Pinned = row.Pinned == 1,
        Outdated = row.Stale == 1,
        Depth = depth,
    };

    private sealed record Row(
        long Child, long Base, string ChildRegistry, string ChildRepository, string ChildName, string BaseRegistry,
        string BaseRepository, string BaseName, string Digest, string Kind, long Evidence, long Pinned, long Stale);
}
