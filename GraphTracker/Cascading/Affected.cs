using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>The tags that a decision is about: temp table <c>affected</c>, of this connection.</summary>
internal static class Affected
{
    private const string Empty = """
        create temp table if not exists affected (tag integer primary key);
        delete from affected;
        """;

    // All that stands on the seeds; what points to the same, or did so when it was last decided, is renewed together.
    private const string Fill = """
        insert into affected
        with recursive above(tag) as (
          select value from json_each(@seeds)
          union
          select footing.tag from above join footing on footing.base_tag = above.tag
          union
          select mate.id from above join tag on tag.id = above.tag
            join tag mate on mate.manifest = tag.manifest and mate.image = tag.image
          union
          select mate.tag from above join verdict on verdict.tag = above.tag
            join verdict mate on mate.unit = verdict.unit)
        select tag from above
        """;

    internal static void Find(SqliteConnection db, IReadOnlyCollection<long> seeds)
    {
        db.Execute(Empty);
        db.Execute(Fill, new { seeds = JsonSerializer.Serialize(seeds) });
    }
}
