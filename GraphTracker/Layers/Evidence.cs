using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>Which of an image's edges count: those of the strongest evidence.</summary>
public static class Evidence
{
    private const string SelectEdges = """
        select base as Base, base_tag as Tag, evidence as Evidence, kind as Kind, counts as Counts
          from edge where child = @child
        """;

    // A build that used no base at all is a record too: it stands on nothing, whatever the layers look like.
    private const string IsRecorded = """
        select exists (select 1 from build join manifest on manifest.digest = build.digest
                        where manifest.id = @child and build.outcome = 'succeeded')
        """;

    internal static void Weigh(SqliteConnection db, long child)
    {
        var edges = db.Query<Edge>(SelectEdges, new { child }).AsList();
        if (edges.Count == 0)
            return;

        var strongest = db.QuerySingle<bool>(IsRecorded, new { child })
            ? Edges.Record
            : edges.Min(edge => edge.Evidence);
        if (strongest == Edges.Annotation && edges.Any(edge => edge.Evidence == Edges.Layers)
            && !IsBelievable(db, child, edges))
            strongest = Edges.Layers;
        if (strongest == Edges.Provenance)
            ChooseFinal(db, child, [.. edges.Where(edge => edge.Evidence == Edges.Provenance)]);
        db.Execute(SetCounts, new { child, strongest });
    }

    private const string SetCounts = """
        update edge set counts = evidence = @strongest where child = @child and counts <> (evidence = @strongest)
        """;

    /// <summary>
    /// Labels are inherited: a child repeats what its base says of itself, and a rebased image what it stood on before.
    /// An annotation counts only where the base it names is at least as near as the one the layers name.
    /// </summary>
    private static bool IsBelievable(SqliteConnection db, long child, List<Edge> edges)
    {
        long Deepest(int evidence) => edges.Where(edge => edge.Evidence == evidence)
            .Max(edge => Below(db, child, edge.Base));
        return Deepest(Edges.Annotation) is > 0 and var named && named >= Deepest(Edges.Layers);
    }

    /// <summary>
    /// Provenance names the images of all stages: the final one is that with the most layers below the image.
    /// </summary>
    private static void ChooseFinal(SqliteConnection db, long child, List<Edge> edges)
    {
        var final = edges.Count == 1
            ? edges[0]
            : edges.Select(edge => (Edge: edge, Depth: Below(db, child, edge.Base)))
                .Where(each => each.Depth > 0).OrderByDescending(each => each.Depth).FirstOrDefault().Edge;
        foreach (var edge in edges)
        {
            var kind = edge.Base == final?.Base && edge.Tag == final.Tag ? "finalFrom" : "from";
            if (edge.Kind != kind)
                db.Execute(SetKind, new { child, edge.Base, edge.Tag, edge.Evidence, edge.Kind, kind });
        }
    }

    private const string SetKind = """
        update edge set kind = @kind
         where child = @child and base = @Base and base_tag = @Tag and evidence = @Evidence and kind = @Kind
        """;

    private const string SelectBelow = """
        with recursive below(id, parent, depth) as (
          select chain.id, chain.parent, chain.depth
            from manifest join chain on chain.id = manifest.chain where manifest.id = @child
          union all
          select chain.id, chain.parent, chain.depth from below join chain on chain.id = below.parent)
        select coalesce(max(depth), 0) from below
         where id in (select image.chain from part join manifest image on image.id = part.image
                       where part.manifest = @base
                         and part.platform = (select platform from manifest where id = @child))
        """;

    /// <returns>
    /// How many layers of the child are all of the base's; 0 where the base is not below it or not known.
    /// </returns>
    private static long Below(SqliteConnection db, long child, long @base) =>
        db.QuerySingle<long>(SelectBelow, new { child, @base });

    private sealed record Edge(long Base, long Tag, long Evidence, string Kind, long Counts);
}
