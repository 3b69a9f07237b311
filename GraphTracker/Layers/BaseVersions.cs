using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>The versions of a base on which something stands, and whether the base has moved on since.</summary>
internal static class BaseVersions
{
    private const string Select = """
        select id from base_version where base_tag = @tag and manifest = @manifest and platforms = @platforms
        """;

    private const string Insert = """
        insert into base_version (base_tag, manifest, platforms) values (@tag, @manifest, @platforms) returning id
        """;

    /// <param name="platforms">Of what stands on it.</param>
    internal static long IdOf(SqliteConnection db, long tag, long manifest, IEnumerable<string> platforms)
    {
        var version = new
        {
            tag, manifest, platforms = string.Join(' ', platforms.Distinct().Order(StringComparer.Ordinal)),
        };
        if (db.QueryFirstOrDefault<long?>(Select, version) is { } known)
            return known;
        var id = db.QuerySingle<long>(Insert, version);
        db.Execute(JudgeOne, new { id });
        return id;
    }

    private const string Unused = """
        delete from base_version where id = @id and not exists (select 1 from standing where version = @id)
        """;

    internal static void DeleteUnused(SqliteConnection db, long id) => db.Execute(Unused, new { id });

    // Stale: the tag pointed to it once, and what it points to now has for a platform that counts an image, and none
    // of the same content. Those platforms count that something stands on; where it has none of them (a tool that runs
    // on the builder's platform, say) all of its own. What is not read has no parts and brings about no verdict.
    private const string IsStale = """
        (exists (select 1 from tag_past
                  where tag = base_version.base_tag
                    and (manifest = base_version.manifest or manifest in
                         (select index_id from member where image_id = base_version.manifest)))
         and exists (
           select 1 from part old
            where old.manifest = base_version.manifest
              and (instr(' ' || base_version.platforms || ' ', ' ' || old.platform || ' ') or not exists (
                    select 1 from part any where any.manifest = base_version.manifest
                       and instr(' ' || base_version.platforms || ' ', ' ' || any.platform || ' ')))
              and exists (select 1 from part new
                           where new.manifest = (select manifest from tag where id = base_version.base_tag)
                             and new.platform = old.platform)
              and not exists (select 1 from part new
                               where new.manifest = (select manifest from tag where id = base_version.base_tag)
                                 and new.platform = old.platform and new.content = old.content)))
        """;

    private const string JudgeOne = $"update base_version set stale = {IsStale} where id = @id";

    private const string JudgeAll = $"""
        update base_version set stale = not stale where base_tag = @tag and stale <> {IsStale}
        """;

    /// <returns>Whether the verdict on any version of this base has changed.</returns>
    internal static bool Judge(SqliteConnection db, long tag) => db.Execute(JudgeAll, new { tag }) > 0;
}
