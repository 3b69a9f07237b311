using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>The tags of an image, as <see cref="ImageGraph"/> shows them.</summary>
internal static class GraphTags
{
    internal sealed record Row(long Id, string Name, long? Manifest, string? Digest, long Moves, long? MovedAt);

    // A tag that was named and has never pointed to anything is none yet.
    private const string Select = """
        select tag.id as Id, tag.name as Name, tag.manifest as Manifest, manifest.digest as Digest, tag.moves as Moves,
               tag.moved_at as MovedAt
          from image join tag on tag.image = image.id left join manifest on manifest.id = tag.manifest
         where image.registry = @registry and image.repository = @repository and tag.moves > 0
           and (@name is null or tag.name = @name)
         order by tag.name
        """;

    internal static IReadOnlyList<Row> Find(SqliteConnection db, string registry, string repository, string? name) =>
        db.Query<Row>(Select, new { registry, repository, name }).AsList();

    private const string SelectPlatforms = """
        select distinct platform from part where manifest = @Manifest order by platform
        """;

    private const string SelectSameLayers = """
        select distinct image.registry || '/' || image.repository || ':' || tag.name
          from part
          join manifest mine on mine.id = part.image
          join manifest other on other.chain = mine.chain and other.platform = mine.platform and other.id <> mine.id
          join part whole on whole.image = other.id
          join tag on tag.manifest = whole.manifest
          join image on image.id = tag.image
         where part.manifest = @Manifest and tag.id <> @Id
           and not exists (select 1 from footing where footing.tag = @Id and footing.base_tag = tag.id)
           and not exists (select 1 from footing where footing.tag = tag.id and footing.base_tag = @Id)
         limit 100
        """;

    internal static GraphTag Describe(SqliteConnection db, Row tag) => new()
    {
        Tag = tag.Name,
        Digest = tag.Digest,
        Platforms = db.Query<string>(SelectPlatforms, tag).AsList(),
        Moves = (int)tag.Moves,
        MovedAt = tag.MovedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
        SameLayers = db.Query<string>(SelectSameLayers, tag).AsList(),
    };
}
