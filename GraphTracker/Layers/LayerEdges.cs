using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// Evidence by layers: an image stands on the known image, of its platform, that has most of its layers and all of its
/// own among them. Of those with the same stack it is the one whose history the image continues. Of two images with the
/// same stack, the one whose history the other continues is the base; otherwise nothing says who stands on whom.
/// </summary>
internal static class LayerEdges
{
    private const string SelectImage = """
        select id as Id, chain as Chain, platform as Platform, history as History from manifest where id = @id
        """;

    private const string SelectTwin = """
        select id from manifest
         where chain = @Chain and platform = @Platform and kind = 'image' and id <> @Id
           and length(history) between 1 and length(@History) - 1
           and substr(@History, 1, length(history)) = history
         order by length(history) desc, id desc limit 1
        """;

    private const string SelectNearestStack = """
        with recursive below(id, parent, depth) as (
          select parent.id, parent.parent, parent.depth
            from chain join chain parent on parent.id = chain.parent where chain.id = @Chain
          union all
          select chain.id, chain.parent, chain.depth from below join chain on chain.id = below.parent)
        select id from below
         where exists (select 1 from manifest
                        where manifest.chain = below.id and manifest.platform = @Platform and manifest.kind = 'image')
         order by depth desc limit 1
        """;

    // Without a history to tell, it is the one that came last before the child, for all its twins.
    private const string SelectOnStack = """
        select id from manifest
         where chain = @stack and platform = @Platform and kind = 'image'
         order by iif(substr(@History, 1, length(history)) = history, length(history), 0) desc, id desc limit 1
        """;

    internal static void Derive(Recording recording, long id)
    {
        var image = recording.Db.QuerySingle<Image>(SelectImage, new { id });
        if (image.Chain is null)
            return;

        var found = recording.Db.QueryFirstOrDefault<long?>(SelectTwin, image);
        if (found is null && recording.Db.QueryFirstOrDefault<long?>(SelectNearestStack, image) is { } stack)
            found = recording.Db.QuerySingle<long>(SelectOnStack, new { image.Platform, image.History, stack });
        if (found is { } nearest)
            Set(recording, id, nearest);
    }

    private const string Unset = "delete from edge where child = @child and evidence = 4 and base <> @nearest";

    private static void Set(Recording recording, long child, long nearest)
    {
        recording.Db.Execute(Unset, new { child, nearest });
        Edges.Add(recording.Db, child, nearest, 0, Edges.Layers, "finalFrom");
        recording.ChangedChild(child);
    }

    private const string IsAlone = """
        select not exists (select 1 from manifest
                            where chain = @Chain and platform = @Platform and kind = 'image' and id <> @Id)
        """;

    private const string SelectAbove = """
        with recursive above(id) as (
          select id from chain where parent = @Chain
          union all
          select chain.id from above join chain on chain.parent = above.id
           where not exists (select 1 from manifest
                              where manifest.chain = above.id and platform = @Platform and kind = 'image'))
        select manifest.id from above cross join manifest on manifest.chain = above.id
         where platform = @Platform and kind = 'image'
        """;

    private const string SelectContinuing = """
        select id from manifest
         where chain = @Chain and platform = @Platform and kind = 'image' and id <> @Id and length(@History) > 0
           and length(history) > length(@History) and substr(history, 1, length(@History)) = @History
        """;

    // Children of others with the same stack, whose history this one tells better.
    private const string SelectBetterTold = """
        select child.id
          from manifest twin
          join edge on edge.base = twin.id and edge.evidence = 4
          join manifest child on child.id = edge.child
         where twin.chain = @Chain and twin.platform = @Platform and twin.id <> @Id and length(@History) > 0
           and child.chain <> @Chain and substr(child.history, 1, length(@History)) = @History
           and length(@History) >
               iif(substr(child.history, 1, length(twin.history)) = twin.history, length(twin.history), 0)
        """;

    /// <summary>A base that comes later than what stands on it.</summary>
    internal static void TakeOver(Recording recording, long id)
    {
        var (db, image) = (recording.Db, recording.Db.QuerySingle<Image>(SelectImage, new { id }));
        if (image.Chain is null)
            return;

        if (db.QuerySingle<bool>(IsAlone, image))
        {
            foreach (var child in db.Query<long>(SelectAbove, image).AsList())
                Set(recording, child, id);
            return;
        }

        var better = db.Query<long>(SelectContinuing, image).Concat(db.Query<long>(SelectBetterTold, image)).ToList();
        foreach (var child in better)
            Derive(recording, child);
    }

    private sealed record Image(long Id, long? Chain, string Platform, byte[] History);
}
