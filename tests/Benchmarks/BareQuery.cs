using System.Diagnostics;
using Builds.GraphTracker.Storing;
using Builds.Parts;
using Dapper;

namespace Builds.Benchmarks;

/// <summary>What stands on a tag, by SQL alone: neither names nor evidence, and nothing decided.</summary>
public static class BareQuery
{
    private const string Count = """
        with recursive above(tag) as (
          select @root union
          select standing.tag from above
            join base_version on base_version.base_tag = above.tag
            join standing on standing.version = base_version.id)
        select count(*) - 1 from above
        """;

    /// <param name="atLeast">So many have to be found.</param>
    public static Side Side(GraphStore store, long root, int atLeast) => new("bare recursive query", _ =>
    {
        var watch = Stopwatch.StartNew();
        var found = store.Read(db => db.QuerySingle<int>(Count, new { root }));
        return found >= atLeast
            ? Task.FromResult(watch.Elapsed.TotalSeconds)
            : throw new PartException($"only {found} were found");
    });
}
