using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// Which build has made which move of a tag, in whatever order the moves are seen and the records come.
/// </summary>
internal static class MoveBuilds
{
    private const string IsBuilt = """
        select exists (select 1 from manifest cross join build on build.digest = manifest.digest
                        where manifest.id = @manifest and build.outcome = 'succeeded'
                          and build.image = (select image from tag where id = @tag))
        """;

    // A build that had ended when the tag was seen to be something else has not brought it back: somebody else has. So
    // each build has its one move, and of those that made the same the first has moved the tag.
    private const string Set = """
        with came as (
          select id, number,
                 coalesce((select at from tag_move before
                            where before.tag = @tag and before.number = own.number - 1), 0) as since
            from tag_move own where own.tag = @tag and own.new_manifest = @manifest)
        update tag_move
           set build = (select build.id from came
                          join manifest on manifest.id = @manifest
                         cross join build on build.digest = manifest.digest and build.outcome = 'succeeded'
                         where came.id = tag_move.id
                           and build.image = (select image from tag where id = @tag)
                           and (select name from tag where id = @tag) in (
                             select value
                               from json_each(iif(json_valid(build.completed), build.completed, '{}'), '$.pushed'))
                           and build.completed_at >= came.since
                           and not exists (select 1 from came later
                                            where later.number > came.number and later.since <= build.completed_at)
                         order by build.completed_at, build.id limit 1)
         where tag = @tag and new_manifest = @manifest
        """;

    /// <summary>Of all moves of a tag to a manifest.</summary>
    internal static void Find(SqliteConnection db, long tag, long manifest)
    {
        if (db.QuerySingle<bool>(IsBuilt, new { tag, manifest }))
            db.Execute(Set, new { tag, manifest });
    }
}
