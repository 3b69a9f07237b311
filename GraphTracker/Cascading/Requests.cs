using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Asks for rebuilds: a row for each, from which it is published. Inside a write to the store.</summary>
internal sealed class Requests(SqliteConnection db, CascadeOptions options, long now)
{
    /// <summary>
    /// For how many rebuilds there is room. One whose build has ended takes none: it waits for its registry alone,
    /// which may be down for long.
    /// </summary>
    internal const string Room = """
        (select @MostAtOnce - count(*) from rebuild
          where rebuild.state = 'open' and not exists (select 1 from build where build.id = rebuild.build))
        """;

    /// <summary>
    /// Verdicts of which a tag is being looked up: somebody may have released it meanwhile, and then its old commit is
    /// not to be built once more.
    /// </summary>
    internal const string IsLookedUp = """
        exists (select 1 from verdict mate join tag own on own.id = mate.tag
                  join question on question.image = own.image and question.tag = own.name
                 where mate.unit = verdict.unit and mate.outdated = 1)
        """;

    private const string SelectReady = $"""
        select verdict.unit as Unit, verdict.base as Base, verdict.old_digest as OldDigest,
               verdict.new_digest as NewDigest, verdict.evidence as Evidence, verdict.depth as Depth,
               verdict.cascade as Cascade, verdict.bases as Bases, verdict.move as Move,
               image.id as Image, image.registry as Registry, image.repository as Repository,
               tag.name as Tag, tag.manifest as Manifest, verdict.digest as Digest,
               tag_move.number as Number, tag_move.at as MovedAt, definition.definition as Definition
          from verdict indexed by verdict_next
          cross join tag on tag.id = verdict.tag
          join image on image.id = tag.image
          join definition on definition.image = image.id
          join tag_move on tag_move.id = verdict.move
         where verdict.ready_at <= @now and verdict.outdated = 1 and verdict.tag = verdict.unit
           and definition.definition is not null and not {IsLookedUp}
           and verdict.tag not in (select tag from affected)
         order by verdict.depth, verdict.move, verdict.tag
         limit @room
        """;

    private const string SelectStuck = "select tag from undecided";

    // It could stand on what could not be decided.
    private const string PostponeAbove = """
        update verdict set ready_at = @later where ready_at <= @now and tag in (select tag from affected)
        """;

    private const string Postpone = """
        update verdict set ready_at = iif(ready_at is null, null, @later), next = @problem,
               version = version + (next <> @problem)
         where unit = @Unit and outdated = 1
        """;

    /// <summary>Asks for what is ready, as far as there is room: lower storeys first, then older moves.</summary>
    /// <param name="ended">Takes what cannot be asked for at all, and so has failed.</param>
    /// <param name="stuck">Takes what could not even be found to have failed, and is tried again.</param>
    internal IReadOnlyList<BuildRequested> AskForReady(List<Ended> ended, List<Stuck> stuck)
    {
        var later = now + (long)Apart.Pause.TotalMilliseconds;
        Affected.Find(db, db.Query<long>(SelectStuck).AsList());
        db.Execute(PostponeAbove, new { now, later });
        var room = db.QuerySingle<long>($"select {Room}", options);
        var asked = new List<BuildRequested>();
        foreach (var ready in room <= 0 ? [] : db.Query<Ready>(SelectReady, new { now, room }).AsList())
        {
            if (Apart.Try(db, () => asked.Add(Ask(ready))) is not { } error
                || Apart.Try(db, () => ended.Add(Fail(ready, error))) is not { } worse)
                continue;
            db.Execute(Postpone, new { ready.Unit, later, problem = Apart.Words(worse) });
            stuck.Add(new Stuck($"The rebuild of {ready.Registry}/{ready.Repository}:{ready.Tag}", worse));
        }

        return asked;
    }

    private const string SelectTries = "select count(*) from rebuild where unit = @Unit and move = @Move";

    private const string SelectTags = """
        select tag.name from verdict join tag on tag.id = verdict.tag
         where verdict.unit = @Unit and verdict.outdated = 1 order by tag.id
        """;

    private const string Insert = """
        insert into rebuild (build, cascade, image, unit, old_manifest, bases, depth, move, try, state, reason, request,
                             asked_at, look_at)
        values (@build, @Cascade, @Image, @Unit, @Manifest, @Bases, @Depth, @Move, @tries, 'open', @reason, @request,
                @now, @lookAt)
        returning id
        """;

    internal const string InsertTags = """
        insert into rebuilt_tag (tag, rebuild) select tag, @id from verdict where unit = @Unit and outdated = 1
            on conflict (tag) do update set rebuild = excluded.rebuild
        """;

    private const string SetAsked = """
        update verdict set ready_at = null, build = @build, next = @next, version = version + 1
         where unit = @Unit and outdated = 1
        """;

    private (Guid Id, long Tries) Next(Ready ready)
    {
        var tries = db.QuerySingle<long>(SelectTries, ready) + 1;
        var move = new Move
        {
            Id = ready.Move,
            Name = $"{ready.Base}#{ready.Number}",
            At = ready.MovedAt,
            LeftAt = ready.MovedAt,
            UnsettledSince = ready.MovedAt,
        };
        return (DerivedIds.BuildIdOf(move, $"{ready.Registry}/{ready.Repository}", ready.Tag, (int)tries), tries);
    }

    private Ended Fail(Ready ready, Exception error)
    {
        var (id, tries) = Next(ready);
        return Unreadable.Record(db, ready, id, tries, db.Query<string>(SelectTags, ready).AsList(), error, now);
    }

    private BuildRequested Ask(Ready ready)
    {
        var (id, tries) = Next(ready);
        var request = new Recipes(db).Of(ready, [.. db.Query<string>(SelectTags, ready)]) with
        {
            BuildId = id,
            RequestedAt = DateTimeOffset.FromUnixTimeMilliseconds(now),
            Replaces = ready.Digest.StartsWith("sha256:", StringComparison.Ordinal) ? ready.Digest : null,
            Cause = CauseOf(ready),
        };
        var build = id.ToString();
        var rebuild = db.QuerySingle<long>(Insert, new
        {
            build, ready.Cascade, ready.Image, ready.Unit, ready.Manifest, ready.Bases, ready.Depth, ready.Move, tries,
            reason = $"{ready.Base} moved from {ready.OldDigest} to {ready.NewDigest}, evidence {ready.Evidence}",
            request = JsonSerializer.Serialize(request, Snapshots.Json),
            now,
            lookAt = now + (long)TimeSpan.FromMinutes(options.OverdueMinutes).TotalMilliseconds,
        });
        db.Execute(InsertTags, new { id = rebuild, ready.Unit });
        db.Execute(SetAsked, new { build, ready.Unit, next = Wording.AskedFor });
        return request;
    }

    private static BuildCause CauseOf(Ready ready) => new()
    {
        Kind = BuildCauseKind.Cascade,
        CascadeId = Guid.Parse(ready.Cascade),
        Base = ready.Base,
        OldDigest = ready.OldDigest,
        NewDigest = ready.NewDigest,
        Evidence = ready.Evidence,
        Depth = (int)ready.Depth,
    };
}

/// <summary>A unit that is to be rebuilt now.</summary>
internal sealed record Ready
{
    public required long Unit { get; init; }
    public required string Base { get; init; }
    public required string OldDigest { get; init; }
    public required string NewDigest { get; init; }
    public required string Evidence { get; init; }
    public required long Depth { get; init; }
    public required string Cascade { get; init; }
    public required string Bases { get; init; }
    public required long Move { get; init; }
    public required long Image { get; init; }
    public required string Registry { get; init; }
    public required string Repository { get; init; }
    public required string Tag { get; init; }
    public required long Manifest { get; init; }
    public required string Digest { get; init; }
    public required long Number { get; init; }
    public required long MovedAt { get; init; }
    public required string Definition { get; init; }
}
