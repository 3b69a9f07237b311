using Builds.GraphTracker.Layers;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Registries;

/// <summary>What is known of a registry's tags, and what came of looking through it: the SQL of this slice.</summary>
internal static class Reconciles
{
    private const string Begun = """
        insert into reconcile (registry, begun_at) values (@registry, @now)
            on conflict (registry) do update
           set begun_at = excluded.begun_at, ended_at = null, tags = 0, found = 0
        """;

    internal static void Begin(SqliteConnection db, string registry, long now) =>
        db.Execute(Begun, new { registry, now });

    private const string Ended = """
        update reconcile set ended_at = @now, tags = @tags, found = @found, problem = @problem where registry = @registry
        """;

    internal static void End(SqliteConnection db, string registry, long now, int tags, int found, string? problem) =>
        db.Execute(Ended, new { registry, now, tags, found, problem });

    private const string SelectDigest = """
        select manifest.digest
          from image join tag on tag.image = image.id join manifest on manifest.id = tag.manifest
         where image.registry = @registry and image.repository = @repository and tag.name = @tag
        """;

    /// <summary>What the tag points to, as far as is known; null where it is not known, or was deleted.</summary>
    internal static string? DigestOf(SqliteConnection db, string registry, string repository, string tag) =>
        db.QueryFirstOrDefault<string>(SelectDigest, new { registry, repository, tag });

    internal static void Ask(
        SqliteConnection db, string registry, string repository, string tag, string? digest, string source, long now) =>
        Questions.AskTag(db, Names.ImageOf(db, registry, repository), tag, digest, source, now);

    private const string SelectKnown = """
        select image.repository as Repository, tag.name as Tag
          from image join tag on tag.image = image.id
         where image.registry = @registry and tag.manifest is not null
         order by image.repository, tag.name
        """;

    internal static List<(string Repository, string Tag)> KnownTags(SqliteConnection db, string registry) =>
        db.Query<(string, string)>(SelectKnown, new { registry }).AsList();

    private const string SelectWatched = """
        select tag.id as Id, image.repository as Repository, tag.name as Tag
          from image join tag on tag.image = image.id
          left join watched_tag on watched_tag.tag = tag.id
         where image.registry = @registry and (watched_tag.asked_at is null or watched_tag.asked_at <= @before)
           and exists (select 1 from base_version where base_tag = tag.id)
         order by watched_tag.asked_at limit 100
        """;

    /// <summary>Tags that others stand on, and that were not asked about since.</summary>
    internal static List<(long Id, string Repository, string Tag)> Due(SqliteConnection db, string registry, long before) =>
        db.Query<(long, string, string)>(SelectWatched, new { registry, before }).AsList();

    private const string SetWatched = """
        insert into watched_tag (tag, asked_at) values (@tag, @now)
            on conflict (tag) do update set asked_at = excluded.asked_at
        """;

    internal static void Watched(SqliteConnection db, long tag, long now) => db.Execute(SetWatched, new { tag, now });
}
