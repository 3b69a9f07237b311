using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Registries;

/// <summary>How far the look through a registry is, and what came of the last.</summary>
internal static class Reconciles
{
    private const string SelectIsOpen = """
        select exists (select 1 from reconcile where registry = @registry and begun_at is not null)
        """;

    /// <summary>Whether one was begun and has not come to its end.</summary>
    internal static bool IsOpen(SqliteConnection db, string registry) =>
        db.QuerySingle<bool>(SelectIsOpen, new { registry });

    private const string Begun = """
        insert into reconcile (registry, begun_at, refused_now) values (@registry, @now, @refused)
            on conflict (registry) do update
           set begun_at = excluded.begun_at, refused_now = excluded.refused_now, tags_now = 0, found_now = 0
        """;

    private const string Add = """
        insert or ignore into reconcile_left (registry, repository) values (@registry, @repository)
        """;

    /// <summary>A page of its catalog.</summary>
    internal static void Take(SqliteConnection db, string registry, IReadOnlyList<string> repositories)
    {
        foreach (var repository in repositories)
            db.Execute(Add, new { registry, repository });
    }

    private const string SelectEnd = """
        select repository from image where registry = @registry and repository > @after
         order by repository limit 1 offset @skipped
        """;

    // What is behind all names is a blob: SQLite sorts those behind all texts.
    private const string AddKnown = """
        insert or ignore into reconcile_left (registry, repository)
        select registry, repository from image
         where registry = @registry and repository > @after and repository <= coalesce(@end, x'')
           and exists (select 1 from tag where tag.image = image.id and tag.manifest is not null)
        """;

    /// <summary>
    /// A page of what is known of it: that may be gone from its catalog, and has to be asked about all the same.
    /// </summary>
    /// <returns>After which the next page begins; null at the end.</returns>
    internal static string? TakeKnown(SqliteConnection db, string registry, string after, int page)
    {
        var end = db.QueryFirstOrDefault<string>(SelectEnd, new { registry, after, skipped = page - 1 });
        db.Execute(AddKnown, new { registry, after, end });
        return end;
    }

    /// <summary>All that it is to look at has been taken.</summary>
    internal static void Begin(SqliteConnection db, string registry, string? refused, long now) =>
        db.Execute(Begun, new { registry, now, refused });

    private const string SelectLeft = """
        select repository from reconcile_left where registry = @registry order by repository limit 1
        """;

    internal static string? Next(SqliteConnection db, string registry) =>
        db.QueryFirstOrDefault<string>(SelectLeft, new { registry });

    private const string Delete = "delete from reconcile_left where registry = @registry and repository = @repository";

    private const string Count = """
        update reconcile
           set tags_now = tags_now + @tags, found_now = found_now + @found,
               refused_now = coalesce(refused_now, @refused), problem = coalesce(refused_now, @refused)
         where registry = @registry
        """;

    internal static void LookedAt(
        SqliteConnection db, string registry, string repository, int tags, int found, string? refused)
    {
        db.Execute(Delete, new { registry, repository });
        db.Execute(Count, new { registry, tags, found, refused });
    }

    private const string Interrupted = """
        insert into reconcile (registry, problem) values (@registry, @problem)
            on conflict (registry) do update set problem = excluded.problem
        """;

    internal static void Interrupt(SqliteConnection db, string registry, string problem) =>
        db.Execute(Interrupted, new { registry, problem });

    private const string Ended = """
        update reconcile
           set ended_at = @now, seconds = (@now - begun_at) / 1000.0, tags = tags_now, found = found_now,
               problem = refused_now, begun_at = null
         where registry = @registry
        returning tags as Tags, found as Found
        """;

    internal static (long Tags, long Found) End(SqliteConnection db, string registry, long now) =>
        db.QuerySingle<(long, long)>(Ended, new { registry, now });
}
