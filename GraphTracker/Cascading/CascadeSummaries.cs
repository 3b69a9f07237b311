using System.Text.Json;
using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Cascades and their images, as people are shown them.</summary>
internal static class CascadeSummaries
{
    private const string Columns = """
        cascade.id as Id, image.registry || '/' || image.repository || ':' || tag.name as Root,
        cascade.old_digest as OldDigest, cascade.new_digest as NewDigest, cascade.state as State,
        cascade.began_at as BeganAt, cascade.ended_at as EndedAt, cascade.counts as Counts
        """;

    private const string SelectOne = $"""
        select {Columns} from cascade join tag on tag.id = cascade.root join image on image.id = tag.image
         where cascade.id = @id
        """;

    internal static CascadeSummary? Find(SqliteConnection db, Guid id) =>
        db.QueryFirstOrDefault<Row>(SelectOne, new { id = id.ToString() })?.Summary;

    private const string SelectPage = $"""
        select {Columns} from cascade join tag on tag.id = cascade.root join image on image.id = tag.image
         where (@state is null or cascade.state = @state)
           and (@after is null or (cascade.began_at, cascade.id) <
                (select began_at, id from cascade last where last.id = @after))
         order by cascade.began_at desc, cascade.id desc limit @limit
        """;

    internal static List<CascadeSummary> Page(SqliteConnection db, string? state, Guid? after, int limit) =>
        [.. db.Query<Row>(SelectPage, new { state, after = after?.ToString(), limit }).Select(row => row.Summary)];

    private const string SelectNodes = """
        select * from (
          select image.registry || '/' || image.repository as Image, verdict.depth as Depth,
                 case when verdict.outlook = 'rebuild' and verdict.build is not null then 'queued'
                      when verdict.outlook in ('rebuild', 'waits') then 'waiting'
                      when verdict.outlook in ('failed', 'blocked', 'cancelled') then verdict.outlook
                      else 'flagged' end as State,
                 verdict.next as Reason, verdict.build as Build, null as Try,
                 (select group_concat(tag.name, ' ') from verdict mate join tag on tag.id = mate.tag
                   where mate.unit = verdict.unit) as Tags
            from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
           where verdict.cascade = @id and verdict.outdated = 1 and verdict.tag = verdict.unit
          union all
          select image.registry || '/' || image.repository, rebuild.depth,
                 iif(rebuild.state = 'open', 'queued', iif(rebuild.state = 'resumed', 'waiting', rebuild.state)),
                 rebuild.reason, rebuild.build, rebuild.try,
                 (select group_concat(value, ' ') from json_each(rebuild.request, '$.tags'))
            from rebuild join image on image.id = rebuild.image
           where rebuild.cascade = @id
             and rebuild.id in (select max(newest.id) from rebuild newest where newest.cascade = @id
                                 group by newest.image, newest.bases)
             and not exists (select 1 from rebuilt_tag join verdict on verdict.tag = rebuilt_tag.tag
                              where rebuilt_tag.rebuild = rebuild.id and verdict.cascade = @id
                                and verdict.outdated = 1))
         order by Depth, Image limit 10000
        """;

    internal static List<CascadeNode> Nodes(SqliteConnection db, Guid id) =>
        [.. db.Query<NodeRow>(SelectNodes, new { id = id.ToString() }).Select(row => row.Node)];

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Root { get; init; }
        public string? OldDigest { get; init; }
        public required string NewDigest { get; init; }
        public required string State { get; init; }
        public required long BeganAt { get; init; }
        public long? EndedAt { get; init; }
        public required string Counts { get; init; }

        public CascadeSummary Summary => new()
        {
            CascadeId = Guid.Parse(Id),
            Root = Root,
            OldDigest = OldDigest,
            NewDigest = NewDigest,
            State = State,
            BeganAt = DateTimeOffset.FromUnixTimeMilliseconds(BeganAt),
            EndedAt = EndedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
            Counts = JsonSerializer.Deserialize<Dictionary<string, int>>(Counts)!,
        };
    }

    private sealed record NodeRow
    {
        public required string Image { get; init; }
        public required long Depth { get; init; }
        public required string State { get; init; }
        public required string Reason { get; init; }
        public string? Build { get; init; }
        public long? Try { get; init; }
        public required string Tags { get; init; }

        public CascadeNode Node => new()
        {
            Image = Image,
            Tags = Tags.Split(' '),
            Depth = (int)Depth,
            State = State,
            Reason = Reason,
            BuildId = Build is null ? null : Guid.Parse(Build),
            Try = (int?)Try,
        };
    }
}
