using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>What has become of rebuilds. Inside a write to the store.</summary>
internal static class Ends
{
    /// <summary>
    /// Open rebuilds whose build has ended. One that succeeded is done once the registry has been asked: then its tags
    /// point to what it made.
    /// </summary>
    internal const string FromEnded = """
        rebuild join build on build.id = rebuild.build
         where rebuild.state = 'open'
           and (build.outcome <> 'succeeded' or not exists (
             select 1 from rebuilt_tag join tag on tag.id = rebuilt_tag.tag
               join question on question.image = tag.image and question.tag = tag.name
              where rebuilt_tag.rebuild = rebuild.id))
        """;

    private const string Select = $"""
        select rebuild.id as Id, rebuild.build as Build, build.outcome as Outcome,
               build.completed ->> '$.reason' as Reason,
               (select 1 from manifest old join manifest new on new.digest = build.digest
                 where old.id = rebuild.old_manifest and old.content = new.content) as Unchanged,
               (select image.registry || '/' || image.repository || ':' || tag.name
                  from tag join image on image.id = tag.image where tag.id = rebuild.unit) as Name
          from {FromEnded}
        """;

    private const string End = """
        update rebuild set state = @State, reason = coalesce(@Why, reason), ended_at = @now where id = @Id
        """;

    // What had its place taken is owed its rebuild again, where the newer build has not renewed it. That one may have
    // ended before: then the rebuild had to give way to a release that was on its way when it was asked for.
    private const string Resume = """
        update rebuild set state = 'resumed'
         where state = 'superseded' and exists (
           select 1 from build own
             join build newer on newer.image = own.image
                  and (newer.completed_at >= own.completed_at or newer.completed_at > rebuild.asked_at)
            where own.id = rebuild.build and newer.id <> own.id and newer.outcome <> 'superseded')
        returning id
        """;

    private const string SelectTags = "select tag from rebuilt_tag where rebuild = @id";

    /// <param name="seeds">Takes the tags.</param>
    internal static List<Ended> Take(SqliteConnection db, long now, HashSet<long> seeds)
    {
        var ended = db.Query<Ended>(Select).AsList();
        foreach (var one in ended)
            db.Execute(End, new { one.Id, one.State, one.Why, now });
        var resumed = db.Query<long>(Resume).AsList();
        foreach (var id in ended.Select(one => one.Id).Concat(resumed))
            seeds.UnionWith(db.Query<long>(SelectTags, new { id }));
        return ended;
    }
}

/// <summary>A rebuild that has ended.</summary>
internal sealed record Ended
{
    public required long Id { get; init; }
    public required string Build { get; init; }

    /// <summary>Registry, repository and tag.</summary>
    public required string Name { get; init; }

    public required string Outcome { get; init; }
    public string? Reason { get; init; }
    public long? Unchanged { get; init; }

    public string State => Outcome switch
    {
        "succeeded" => Unchanged is null ? "done" : "unchanged",
        "superseded" => "superseded",
        _ => "failed",
    };

    /// <summary>Why it did not succeed; null where it did.</summary>
    public string? Why => Outcome switch
    {
        "succeeded" => null,
        "cancelled" => "the build was cancelled",
        "superseded" => "a newer build of the same took its place",
        _ => Reason ?? string.Create(CultureInfo.InvariantCulture, $"the build {Outcome}"),
    };
}
