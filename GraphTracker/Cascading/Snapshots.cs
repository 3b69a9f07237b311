using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Reads what a decision rests on: some tags, and all that stands on them.</summary>
internal sealed class Snapshots(SqliteConnection db, CascadeLimits limits, long now)
{
    internal static JsonSerializerOptions Json { get; } = BuildsBus.Plain(new JsonSerializerOptions());

    private readonly Dictionary<long, Move> _moves = [];
    private readonly Dictionary<string, Definition?> _definitions = [];

    private const string Affect = """
        create temp table if not exists affected (tag integer primary key);
        delete from affected;
        """;

    // All that stands on the seeds, and what points to the same as those: it has the same bases.
    private const string FillAffected = """
        insert into affected
        with recursive above(tag) as (
          select value from json_each(@seeds)
          union
          select footing.tag from above join footing on footing.base_tag = above.tag)
        select tag from above
        union
        select mate.id from above join tag on tag.id = above.tag
          join tag mate on mate.manifest = tag.manifest and mate.image = tag.image
        """;

    internal Snapshot Read(IReadOnlyCollection<long> seeds)
    {
        db.Execute(Affect);
        db.Execute(FillAffected, new { seeds = JsonSerializer.Serialize(seeds) });
        var units = Units();
        return new Snapshot
        {
            Units = units,
            Outside = Outside(),
            Counted = Counted(),
            Cancelled = db.Query<string>(SelectCancelled).ToHashSet(),
            Limits = limits,
            Now = now,
        };
    }

    private const string SelectCancelled = "select id from cascade where cancelled_by is not null";

    private const string SelectTags = """
        select tag.id as Id, tag.name as Name, image.registry || '/' || image.repository as Image,
               tag.manifest as Manifest, tag.moved_at as MovedAt, definition.definition as Definition,
               (select build.completed ->> '$.tags' from build join manifest on manifest.digest = build.digest
                 where manifest.id = tag.manifest and build.image = tag.image and build.outcome = 'succeeded'
                 order by build.completed_at desc limit 1) as Recorded,
               rebuild.state as State, rebuild.build as Build, rebuild.bases as Bases, rebuild.cascade as Cascade,
               rebuild.reason as Reason
          from affected join tag on tag.id = affected.tag
          join image on image.id = tag.image
          left join definition on definition.image = tag.image
          left join rebuilt_tag on rebuilt_tag.tag = tag.id
          left join rebuild on rebuild.id = rebuilt_tag.rebuild
         where tag.manifest is not null
         order by tag.id
        """;

    private const string SelectFootings = """
        select footing.tag as Tag, footing.base_tag as BaseTag, footing.kind as Kind, footing.evidence as Evidence,
               footing.pinned as Pinned, footing.stale as Stale, old.digest as OldDigest,
               image.registry || '/' || image.repository || ':' || tag.name as Base, current.digest as NewDigest
          from affected join footing on footing.tag = affected.tag
          join manifest old on old.id = footing.base_manifest
          join tag on tag.id = footing.base_tag
          join image on image.id = tag.image
          left join manifest current on current.id = tag.manifest
         order by footing.tag, footing.base_tag, footing.kind
        """;

    private List<Unit> Units()
    {
        var footings = db.Query<FootingRow>(SelectFootings, buffered: false)
            .GroupBy(row => row.Tag)
            .ToDictionary(rows => rows.Key, rows => rows.Select(FootingOf).ToList());
        return
        [
            .. db.Query<TagRow>(SelectTags)
                .GroupBy(row => (row.Image, row.Manifest, Unknown: Unknown(row)))
                .Select(rows => UnitOf([.. rows], rows.Key.Unknown, footings)),
        ];
    }

    private Unit UnitOf(List<TagRow> tags, string? unknown, Dictionary<long, List<Footing>> footings)
    {
        var first = tags[0];
        var last = tags.Find(tag => tag.State == "open") ?? tags.Find(tag => tag.State is not null);
        return new Unit
        {
            Id = first.Id,
            Name = $"{first.Image}:{first.Name}",
            Tags = [.. tags.Select(tag => tag.Id)],
            Since = tags.Max(tag => tag.MovedAt ?? 0),
            Bases = footings.GetValueOrDefault(first.Id) ?? [],
            Policy = unknown is null ? DefinitionOf(first)!.Policy : null,
            Unknown = unknown,
            Rebuild = last is null ? null : RebuildOf(last),
        };
    }

    private static Rebuild RebuildOf(TagRow row) => new(
        row.State switch
        {
            "open" => RebuildState.Open,
            "failed" => RebuildState.Failed,
            "resumed" => RebuildState.Resumed,
            _ => RebuildState.Done,
        },
        Guid.Parse(row.Build!), row.Bases!, row.Cascade!, row.Reason);

    // Tags that nobody's recipe names were set by hand, and are left where they are.
    private string? Unknown(TagRow row)
    {
        if (DefinitionOf(row) is not { } definition)
            return "how to build it is not known here: define it, or build it where it came from";
        var tags = definition.Policy.Source == RebuildSource.AsBuilt && row.Recorded is { } recorded
            ? JsonSerializer.Deserialize<List<string>>(recorded)!
            : definition.Tags;
        return tags.Contains(row.Name)
            ? null
            : $"the tag {row.Name} was set by hand: no build of this image is known to push it";
    }

    private Definition? DefinitionOf(TagRow row)
    {
        if (_definitions.TryGetValue(row.Image, out var known))
            return known;
        var defined = row.Definition is null ? null : JsonSerializer.Deserialize<ImageDefined>(row.Definition, Json);
        return _definitions[row.Image] = defined is null ? null : new Definition(defined.Rebuild, defined.Tags);
    }

    private Footing FootingOf(FootingRow row) => new()
    {
        BaseTag = row.BaseTag,
        Base = row.Base,
        OldDigest = row.OldDigest,
        NewDigest = row.NewDigest ?? "",
        Kind = row.Kind,
        Evidence = Edges.NameOf(row.Evidence),
        Pinned = row.Pinned != 0,
        Stale = row.Stale != 0,
        Move = _moves.TryGetValue(row.BaseTag, out var known) ? known : _moves[row.BaseTag] = MoveOf(row.BaseTag, row.Base),
    };

    private const string SelectMoves = """
        select tag_move.id as Id, tag_move.number as Number, tag_move.at as At,
               coalesce(own.cascade, joined.cascade) as Cascade, coalesce(own.depth, joined.depth) as Depth
          from tag_move
          left join rebuild own on own.build = tag_move.build
          left join rebuild joined on joined.id = (select rebuild from rebuilt_tag where tag = tag_move.tag)
                and own.id is null and joined.asked_at <= tag_move.at
                and (joined.ended_at is null or joined.ended_at >= tag_move.at)
         where tag_move.tag = @tag
         order by tag_move.number desc limit 50
        """;

    private Move MoveOf(long tag, string name)
    {
        var moves = db.Query<MoveRow>(SelectMoves, new { tag }).AsList();
        if (moves.Count == 0)
            return new Move { Id = 0, Name = name, At = 0, UnsettledSince = 0 };
        var first = 0;
        while (first + 1 < moves.Count && moves[first].At - moves[first + 1].At < limits.Settle)
            first++;
        return new Move
        {
            Id = moves[0].Id,
            Name = $"{name}#{moves[0].Number}",
            At = moves[0].At,
            UnsettledSince = moves[first].At,
            Cascade = moves[0].Cascade,
            Depth = (int)(moves[0].Depth ?? 0),
        };
    }

    private const string SelectCounted = """
        select cascade as Cascade, count(*) as Count
          from (select rebuild.cascade, rebuild.id from rebuild join rebuilt_tag on rebuilt_tag.rebuild = rebuild.id
                 where rebuilt_tag.tag not in (select tag from affected) group by rebuild.id
                union all
                select cascade, unit from verdict
                 where cascade is not null and outlook in ('rebuild', 'waits') and build is null
                   and tag = unit and tag not in (select tag from affected))
         group by cascade
        """;

    private Dictionary<string, int> Counted() =>
        db.Query<(string Cascade, long Count)>(SelectCounted).ToDictionary(row => row.Cascade, row => (int)row.Count);

    private const string SelectOutside = """
        select distinct verdict.tag as Tag, verdict.base as Base, verdict.base_tag as BaseTag,
               verdict.old_digest as OldDigest, verdict.new_digest as NewDigest, verdict.evidence as Evidence,
               verdict.through as Through, verdict.outlook as Outlook, verdict.next as Next, verdict.depth as Depth,
               verdict.cascade as Cascade, verdict.build as Build
          from affected join footing on footing.tag = affected.tag
          join verdict on verdict.tag = footing.base_tag and verdict.outdated = 1
         where footing.base_tag not in (select tag from affected)
        """;

    private Dictionary<long, Verdict> Outside() =>
        db.Query<VerdictRow>(SelectOutside).ToDictionary(row => row.Tag, row => new Verdict
        {
            Cause = new Footing
            {
                BaseTag = row.BaseTag,
                Base = row.Base,
                OldDigest = row.OldDigest,
                NewDigest = row.NewDigest,
                Kind = "finalFrom",
                Evidence = row.Evidence,
                Pinned = false,
                Stale = true,
                Move = _moves.TryGetValue(row.BaseTag, out var known) ? known : MoveOf(row.BaseTag, row.Base),
            },
            Through = row.Through,
            Outlook = Enum.Parse<OutdatedOutlook>(row.Outlook, ignoreCase: true),
            Next = row.Next,
            Depth = (int)row.Depth,
            Cascade = row.Cascade,
            BuildId = row.Build is null ? null : Guid.Parse(row.Build),
        });

    private sealed record Definition(RebuildPolicy Policy, IReadOnlyList<string> Tags);

    private sealed record TagRow
    {
        public required long Id { get; init; }
        public required string Name { get; init; }
        public required string Image { get; init; }
        public required long Manifest { get; init; }
        public long? MovedAt { get; init; }
        public string? Definition { get; init; }
        public string? Recorded { get; init; }
        public string? State { get; init; }
        public string? Build { get; init; }
        public string? Bases { get; init; }
        public string? Cascade { get; init; }
        public string? Reason { get; init; }
    }

    private sealed record FootingRow
    {
        public required long Tag { get; init; }
        public required long BaseTag { get; init; }
        public required string Kind { get; init; }
        public required long Evidence { get; init; }
        public required long Pinned { get; init; }
        public required long Stale { get; init; }
        public required string OldDigest { get; init; }
        public required string Base { get; init; }
        public string? NewDigest { get; init; }
    }

    private sealed record MoveRow
    {
        public required long Id { get; init; }
        public required long Number { get; init; }
        public required long At { get; init; }
        public string? Cascade { get; init; }
        public long? Depth { get; init; }
    }

    private sealed record VerdictRow
    {
        public required long Tag { get; init; }
        public required string Base { get; init; }
        public required long BaseTag { get; init; }
        public required string OldDigest { get; init; }
        public required string NewDigest { get; init; }
        public required string Evidence { get; init; }
        public string? Through { get; init; }
        public required string Outlook { get; init; }
        public required string Next { get; init; }
        public required long Depth { get; init; }
        public string? Cascade { get; init; }
        public string? Build { get; init; }
    }
}
