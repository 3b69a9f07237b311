using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Benchmarks;

/// <summary>How each image is built, and the build that it comes from: what a cascade reads.</summary>
public static class SyntheticBuilds
{
    private const string Insert = """
        insert into definition (image, version, definition)
        select id, 1, json_object('image', json_object('registry', registry, 'repository', repository),
                 'version', 1, 'source', json_object('git', 'https://git.example.org/x.git', 'ref', 'main'),
                 'tags', json_array('latest'), 'rebuild', json_object('on', 'everyFrom', 'source', 'asBuilt'))
          from image where id > @after;
        insert into build (id, image, digest, outcome, completed, completed_at)
        select 'build-' || image.id, image.id, manifest.digest, 'succeeded',
               json_object('buildId', '00000000-0000-0000-0000-000000000000', 'attempt', 1, 'outcome', 'succeeded',
                 'image', json_object('repository', image.repository), 'tags', json_array('latest'),
                 'source', json_object('git', 'https://git.example.org/x.git', 'ref', 'main', 'commit', 'c0ffee'),
                 'pushed', json_array('latest'), 'bases', json_array(), 'phases', json_array(), 'logBatches', 0,
                 'completedAt', '2026-01-02T03:04:05Z'), 0
          from image join tag on tag.image = image.id join manifest on manifest.id = tag.manifest
         where image.id > @after;
        """;

    /// <param name="after">The last image that has none; all that came later get them.</param>
    public static void Add(SqliteConnection db, long after) => db.Execute(Insert, new { after });
}
