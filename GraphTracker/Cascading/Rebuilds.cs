using System.Globalization;
using System.Text.Json;
using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Rebuilds: asked for, and what becomes of them. Everything here happens inside a write to the store.</summary>
internal sealed class Rebuilds(SqliteConnection db, CascadeOptions options, long now)
{
    private const string SelectRoom = "select @MostAtOnce - count(*) from rebuild where state = 'open'";

    private const string SelectReady = """
        select verdict.unit as Unit, verdict.base as Base, verdict.old_digest as OldDigest,
               verdict.new_digest as NewDigest, verdict.evidence as Evidence, verdict.depth as Depth,
               verdict.cascade as Cascade, verdict.bases as Bases, verdict.move as Move,
               image.id as Image, image.registry as Registry, image.repository as Repository,
               tag.name as Tag, tag.manifest as Manifest, verdict.digest as Digest,
               tag_move.number as Number, tag_move.at as MovedAt, definition.definition as Definition
          from verdict
          join tag on tag.id = verdict.tag
          join image on image.id = tag.image
          join definition on definition.image = image.id
          join tag_move on tag_move.id = verdict.move
         where verdict.ready_at <= @now and verdict.outdated = 1 and verdict.tag = verdict.unit
           and definition.definition is not null
         order by verdict.depth, verdict.move, verdict.tag
         limit @room
        """;

    /// <summary>Asks for what is ready, as far as there is room: the lower storeys first, then the older moves.</summary>
    internal IReadOnlyList<BuildRequested> AskForReady()
    {
        var room = db.QuerySingle<long>(SelectRoom, options);
        return room <= 0 ? [] : [.. db.Query<Ready>(SelectReady, new { now, room }).AsList().Select(Ask)];
    }

    private const string SelectTries = "select count(*) from rebuild where image = @Image and move = @Move";

    private const string SelectTags = """
        select tag.name from verdict join tag on tag.id = verdict.tag where verdict.unit = @Unit order by tag.id
        """;

    private const string Insert = """
        insert into rebuild (build, cascade, image, old_manifest, bases, depth, move, try, state, reason, request,
                             asked_at, look_at)
        values (@build, @Cascade, @Image, @Manifest, @Bases, @Depth, @Move, @tries, 'open', @reason, @request, @now,
                @lookAt)
        """;

    private const string InsertTags = """
        insert into rebuilt_tag (tag, rebuild) select tag, last_insert_rowid() from verdict where unit = @Unit
            on conflict (tag) do update set rebuild = excluded.rebuild
        """;

    private const string SetAsked = """
        update verdict set ready_at = null, build = @build, next = 'a rebuild is asked for', version = version + 1
         where unit = @Unit
        """;

    private BuildRequested Ask(Ready ready)
    {
        var tries = db.QuerySingle<long>(SelectTries, ready) + 1;
        var move = new Move
        {
            Id = ready.Move,
            Name = $"{ready.Base}#{ready.Number}",
            At = ready.MovedAt,
            UnsettledSince = ready.MovedAt,
        };
        var image = $"{ready.Registry}/{ready.Repository}";
        var id = Cascades.BuildIdOf(move, image, ready.Tag, (int)tries);
        var request = Recipe(ready, [.. db.Query<string>(SelectTags, ready)]) with
        {
            BuildId = id,
            Cause = new BuildCause
            {
                Kind = BuildCauseKind.Cascade,
                CascadeId = Guid.Parse(ready.Cascade),
                Base = ready.Base,
                OldDigest = ready.OldDigest,
                NewDigest = ready.NewDigest,
                Evidence = ready.Evidence,
                Depth = (int)ready.Depth,
            },
        };
        var build = id.ToString();
        db.Execute(Insert, new
        {
            build, ready.Cascade, ready.Image, ready.Manifest, ready.Bases, ready.Depth, ready.Move, tries,
            reason = $"{ready.Base} moved from {ready.OldDigest} to {ready.NewDigest}, evidence {ready.Evidence}",
            request = JsonSerializer.Serialize(request, Snapshots.Json),
            now,
            lookAt = now + (long)TimeSpan.FromMinutes(options.OverdueMinutes).TotalMilliseconds,
        });
        db.Execute(InsertTags, ready);
        db.Execute(SetAsked, new { build, ready.Unit });
        return request;
    }

    private const string SelectRecord = """
        select completed from build where image = @Image and digest = @Digest and outcome = 'succeeded'
         order by completed_at desc limit 1
        """;

    // As it was built, so that a new base ships no source that nobody has released; by its definition where no build
    // is known.
    private BuildRequested Recipe(Ready ready, List<string> tags)
    {
        var defined = JsonSerializer.Deserialize<ImageDefined>(ready.Definition, Snapshots.Json)!;
        var requested = new BuildRequested
        {
            BuildId = Guid.Empty,
            Image = new ImageReference { Registry = ready.Registry, Repository = ready.Repository },
            Tags = defined.Tags,
            Source = defined.Source,
            RequestedAt = DateTimeOffset.FromUnixTimeMilliseconds(now),
            BuildArgs = defined.BuildArgs,
            Target = defined.Target,
            Platform = defined.Platform,
        };
        if (defined.Rebuild.Source == RebuildSource.FollowRef
            || db.QueryFirstOrDefault<string>(SelectRecord, ready) is not { } json)
            return requested;

        var record = JsonSerializer.Deserialize<BuildCompleted>(json, Snapshots.Json)!;
        return requested with
        {
            Tags = [.. record.Tags.Intersect(tags)],
            Source = record.Source,
            BuildArgs = record.BuildArgs,
            Target = record.Target,
            Platform = record.Platform,
        };
    }

    private const string SelectEnded = """
        select rebuild.id as Id, build.outcome as Outcome, build.completed ->> '$.reason' as Reason,
               iif(old.content is not null and old.content = new.content, 1, 0) as Unchanged
          from rebuild join build on build.id = rebuild.build
          join manifest old on old.id = rebuild.old_manifest
          left join manifest new on new.digest = build.digest
         where rebuild.state = 'open'
           and (build.outcome <> 'succeeded' or not exists (
             select 1 from rebuilt_tag join tag on tag.id = rebuilt_tag.tag
               join question on question.image = tag.image and question.tag = tag.name
              where rebuilt_tag.rebuild = rebuild.id))
        """;

    private const string End = """
        update rebuild set state = @state, reason = coalesce(@reason, reason), ended_at = @now where id = @Id
        """;

    private const string SelectTagsOf = "select tag from rebuilt_tag where rebuild = @Id";

    /// <summary>
    /// Ends what the Gateway has told the end of. A build that succeeded is done once the registry has been asked: then
    /// its tags point to what it made.
    /// </summary>
    /// <returns>The tags.</returns>
    internal List<long> TakeEnds()
    {
        var tags = new List<long>();
        foreach (var ended in db.Query<Ended>(SelectEnded).AsList())
        {
            var isDone = ended.Outcome == "succeeded";
            db.Execute(End, new
            {
                ended.Id,
                state = !isDone ? "failed" : ended.Unchanged != 0 ? "unchanged" : "done",
                reason = isDone ? null : Why(ended),
                now,
            });
            tags.AddRange(db.Query<long>(SelectTagsOf, ended));
        }

        return tags;
    }

    private static string Why(Ended ended) => ended.Outcome switch
    {
        "cancelled" => "the build was cancelled",
        "superseded" => "a newer build of the same took its place",
        _ => ended.Reason ?? string.Create(CultureInfo.InvariantCulture, $"the build {ended.Outcome}"),
    };

    // Not by a constructor: of what is computed SQLite knows no type while there is no row.
    private sealed record Ended
    {
        public required long Id { get; init; }
        public required string Outcome { get; init; }
        public string? Reason { get; init; }
        public required long Unchanged { get; init; }
    }

    private sealed record Ready
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
}
