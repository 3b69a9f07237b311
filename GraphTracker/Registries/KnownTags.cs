using Builds.GraphTracker.Layers;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Registries;

/// <summary>What tags point to, as far as is known here, and which of them are asked about at an interval.</summary>
internal static class KnownTags
{
    private const string Select = """
        select tag.name, manifest.digest, manifest.state = 'read' and manifest.incomplete = 0
          from image join tag on tag.image = image.id join manifest on manifest.id = tag.manifest
         where image.registry = @registry and image.repository = @repository
         order by tag.name
        """;

    /// <summary>Digests by tag; without those that were deleted.</summary>
    internal static Dictionary<string, KnownTag> Of(SqliteConnection db, string registry, string repository) =>
        db.Query<(string Tag, string Digest, long IsWhole)>(Select, new { registry, repository })
            .ToDictionary(known => known.Tag, known => new KnownTag(known.Digest, known.IsWhole != 0));

    private const string SelectOne = """
        select manifest.digest, manifest.state = 'read' and manifest.incomplete = 0
          from image join tag on tag.image = image.id join manifest on manifest.id = tag.manifest
         where image.registry = @registry and image.repository = @repository and tag.name = @tag
        """;

    /// <summary>Unless it was told meanwhile.</summary>
    /// <param name="digest">What it was found to point to; null where it is not there.</param>
    /// <returns>Whether it has moved.</returns>
    internal static bool Ask(
        SqliteConnection db, string registry, string repository, string tag, string? digest, string source, long now)
    {
        var (known, isWhole) = db.QueryFirstOrDefault<(string?, long)>(SelectOne, new { registry, repository, tag });
        if (new KnownTag(known, known is null || isWhole != 0).IsNews(digest))
            Questions.AskTag(db, Names.ImageOf(db, registry, repository), tag, digest, source, now);
        return known != digest;
    }

    // One step in the index for each tag that is stood on, however many of its versions are.
    private const string SelectWatched = """
        with recursive base(tag) as (
          select min(base_tag) from base_version
          union all
          select (select min(base_tag) from base_version where base_tag > base.tag) from base
           where base.tag is not null)
        select tag.id, image.repository, tag.name, manifest.digest,
               coalesce(manifest.state = 'read' and manifest.incomplete = 0, 1)
          from base cross join tag on tag.id = base.tag
         cross join image on image.id = tag.image
          left join manifest on manifest.id = tag.manifest
          left join watched_tag on watched_tag.tag = tag.id
         where image.registry = @registry and (watched_tag.asked_at is null or watched_tag.asked_at <= @before)
         order by watched_tag.asked_at limit @most
        """;

    /// <summary>
    /// Tags that others stand on, and that were not asked about since: so many, the longest ago first.
    /// </summary>
    internal static List<(long Id, string Repository, string Tag, KnownTag Known)> Due(
        SqliteConnection db, string registry, long before, int most) =>
        db.Query<(long Id, string Repository, string Tag, string? Digest, long IsWhole)>(
                SelectWatched, new { registry, before, most })
            .Select(row => (row.Id, row.Repository, row.Tag, new KnownTag(row.Digest, row.IsWhole != 0))).ToList();

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

/// <param name="Digest">What it points to; null where it is not known, or gone.</param>
/// <param name="IsWhole">Whether all of that could be read, and so has its place in the graph.</param>
internal sealed record KnownTag(string? Digest, bool IsWhole)
{
    /// <summary>
    /// Whether it is to be looked up. What could not be read once, or not all of it, as the registry had lost it for a
    /// while, is tried again each time: nobody tells when it is back.
    /// </summary>
    public bool IsNews(string? found) => found != Digest || !IsWhole;
}
