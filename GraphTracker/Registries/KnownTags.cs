using Builds.GraphTracker.Layers;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Registries;

/// <summary>What tags point to, as far as is known here, and which of them are asked about at an interval.</summary>
internal static class KnownTags
{
    private const string Select = """
        select tag.name, manifest.digest
          from image join tag on tag.image = image.id join manifest on manifest.id = tag.manifest
         where image.registry = @registry and image.repository = @repository
         order by tag.name
        """;

    /// <summary>Digests by tag; without those that were deleted.</summary>
    internal static Dictionary<string, string> Of(SqliteConnection db, string registry, string repository) =>
        db.Query<(string Tag, string Digest)>(Select, new { registry, repository })
            .ToDictionary(known => known.Tag, known => known.Digest);

    /// <param name="digest">What it was found to point to; null where it is not there.</param>
    internal static void Ask(
        SqliteConnection db, string registry, string repository, string tag, string? digest, string source, long now) =>
        Questions.AskTag(db, Names.ImageOf(db, registry, repository), tag, digest, source, now);

    private const string SelectWatched = """
        select tag.id, image.repository, tag.name, manifest.digest
          from image join tag on tag.image = image.id
          left join manifest on manifest.id = tag.manifest
          left join watched_tag on watched_tag.tag = tag.id
         where image.registry = @registry and (watched_tag.asked_at is null or watched_tag.asked_at <= @before)
           and exists (select 1 from base_version where base_tag = tag.id)
         order by watched_tag.asked_at limit 100
        """;

    /// <summary>Tags that others stand on, and that were not asked about since.</summary>
    internal static List<(long Id, string Repository, string Tag, string? Digest)> Due(
        SqliteConnection db, string registry, long before) =>
        db.Query<(long, string, string, string?)>(SelectWatched, new { registry, before }).AsList();

    private const string SetWatched = """
        insert into watched_tag (tag, asked_at) values (@tag, @now)
            on conflict (tag) do update set asked_at = excluded.asked_at
        """;

    internal static void Watched(SqliteConnection db, long tag, long now) => db.Execute(SetWatched, new { tag, now });

    private const string SetProblem = """
        insert into reconcile (registry, watch_problem) values (@registry, @problem)
            on conflict (registry) do update set watch_problem = excluded.watch_problem
        """;

    internal static void WatchProblem(SqliteConnection db, string registry, string? problem) =>
        db.Execute(SetProblem, new { registry, problem });
}
