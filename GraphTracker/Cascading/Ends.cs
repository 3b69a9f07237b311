using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>What has become of rebuilds. Inside a write to the store.</summary>
internal sealed class Ends(SqliteConnection db, long now)
{
    private readonly List<(Row Row, Exception Error)> _failed = [];

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

    /// <summary>When one of those is taken: at once, or where that has failed when its tag is due again.</summary>
    internal const string DueAt = "(select coalesce(max(due_at), 0) from undecided where undecided.tag = rebuild.unit)";

    private const string Select = $"""
        select rebuild.id as Id, rebuild.unit as Unit,
               (select image.registry || '/' || image.repository || ':' || tag.name
                  from tag join image on image.id = tag.image where tag.id = rebuild.unit) as Name
          from {FromEnded} and {DueAt} <= @now
        """;

    private const string SelectOne = """
        select rebuild.id as Id, rebuild.build as Build, @Name as Name, build.outcome as Outcome,
               iif(json_valid(build.completed), build.completed ->> '$.reason',
                   'the build ' || build.outcome || '; its record, which says why, cannot be read') as Reason,
               iif(json_valid(build.completed), build.completed ->> '$.found', null) as Found,
               (select count(*) from rebuild other where other.unit = rebuild.unit and other.move = rebuild.move
                   and other.old_manifest = rebuild.old_manifest) as Tries,
               (select 1 from manifest made
                 where made.digest = build.digest and exists (select 1 from part where manifest = made.id)
                   and not exists (
                     select platform, content from part where manifest = made.id
                     except
                     select platform, content from part where manifest = rebuild.old_manifest)) as Unchanged
          from rebuild join build on build.id = rebuild.build where rebuild.id = @Id
        """;

    private const string SetEnded = """
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

    internal const string SelectTags = "select tag from rebuilt_tag where rebuild = @id";

    /// <param name="seeds">Takes the tags.</param>
    internal List<Ended> Take(HashSet<long> seeds)
    {
        var ended = new List<Ended>();
        foreach (var row in db.Query<Row>(Select, new { now }).AsList())
        {
            if (Apart.Try(db, () => ended.Add(End(row))) is { } error)
                _failed.Add((row, error));
        }

        var resumed = db.Query<long>(Resume).AsList();
        foreach (var id in ended.Select(one => one.Id).Concat(resumed))
            seeds.UnionWith(db.Query<long>(SelectTags, new { id }));
        return ended;
    }

    /// <summary>
    /// Has what could not be taken tried again after a pause, or as soon as something about it changes. Once the tags
    /// are decided: they are so meanwhile, with a rebuild that is open.
    /// </summary>
    /// <param name="stuck">Takes it.</param>
    internal void KeepFailed(List<Stuck> stuck)
    {
        foreach (var (row, error) in _failed)
        {
            Seeds.Postpone(db, [row.Unit], now + (long)Apart.Pause.TotalMilliseconds, error);
            stuck.Add(new Stuck($"What became of the rebuild of {row.Name}", error));
        }
    }

    private Ended End(Row row)
    {
        var ended = db.QuerySingle<Ended>(SelectOne, row);
        db.Execute(SetEnded, new { ended.Id, ended.State, ended.Why, now });
        return ended;
    }

    private sealed record Row
    {
        public required long Id { get; init; }
        public required long Unit { get; init; }
        public required string Name { get; init; }
    }
}

/// <summary>A rebuild that has ended.</summary>
internal sealed record Ended
{
    private const int MostOvertaken = 3;

    public required long Id { get; init; }
    public required string Build { get; init; }

    /// <summary>Registry, repository and tag.</summary>
    public required string Name { get; init; }

    public required string Outcome { get; init; }
    public string? Reason { get; init; }
    public long? Unchanged { get; init; }

    /// <summary>What its tag was when it was to be pushed; null where that was what it replaces.</summary>
    public string? Found { get; init; }

    /// <summary>How often that of the same image was asked for because of the same move.</summary>
    public long Tries { get; init; }

    // What was found there is another image to decide about, once the registry has been asked. Where it is gone again
    // the rebuild is still owed: but somebody puts it there and back.
    private bool IsOwedStill => Found is not null && Tries < MostOvertaken;

    public string State => Outcome switch
    {
        "succeeded" => Unchanged is null ? "done" : "unchanged",
        "superseded" => Found is null ? "superseded" : IsOwedStill ? "resumed" : "failed",
        _ => "failed",
    };

    /// <summary>Why it did not succeed; null where it did.</summary>
    public string? Why => Outcome switch
    {
        "succeeded" => null,
        "cancelled" => "the build was cancelled",
        "superseded" => Found is null ? "a newer build of the same took its place"
            : IsOwedStill ? Reason
            : $"each time that it was to be pushed something else was there, and then again what it replaces; find out "
                + $"who pushes that, then resume ({Reason})",
        _ => Reason ?? string.Create(CultureInfo.InvariantCulture, $"the build {Outcome}"),
    };
}
