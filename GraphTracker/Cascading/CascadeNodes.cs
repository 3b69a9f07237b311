using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// The images of a cascade. Of each the newest word: what was decided of it, or else what became of its last rebuild.
/// </summary>
internal static class CascadeNodes
{
    private const string Decided = """
        case when verdict.outlook = 'rebuild' and verdict.build is not null then 'queued'
             when verdict.outlook in ('rebuild', 'waits') then 'waiting'
             when verdict.outlook in ('failed', 'blocked', 'cancelled') then verdict.outlook
             else 'flagged' end
        """;

    private const string FromVerdicts = """
        verdict where verdict.cascade = @id and verdict.outdated = 1 and verdict.tag = verdict.unit
        """;

    // What did not succeed, and is owed no rebuild by this cascade any more: done where somebody else has renewed it,
    // and taken over where a later push rebuilds it.
    private const string Ended = """
        case when rebuild.state = 'open' then 'queued'
             when rebuild.state in ('done', 'unchanged') then rebuild.state
             when exists (select 1 from verdict where verdict.unit = rebuild.unit and verdict.outdated = 1)
               then 'cancelled'
             else 'done' end
        """;

    private const string FromRebuilds = """
        rebuild where rebuild.cascade = @id
           and rebuild.id in (select max(id) from rebuild where cascade = @id group by unit)
           and not exists (select 1 from verdict where verdict.tag = rebuild.unit and verdict.outdated = 1
                              and verdict.cascade = @id and verdict.tag = verdict.unit)
        """;

    /// <summary>State of each image of cascade <c>@id</c>.</summary>
    internal const string States = $"""
        select {Decided} as State from {FromVerdicts} union all select {Ended} from {FromRebuilds}
        """;

    private const string Select = $"""
        select * from (
          select verdict.unit as Unit, verdict.depth as Depth, {Decided} as State, verdict.next as Reason,
                 verdict.build as Build,
                 (select max(try) from rebuild where rebuild.build = verdict.build) as Try,
                 (select group_concat(tag.name, ' ') from verdict mate join tag on tag.id = mate.tag
                   where mate.unit = verdict.unit and mate.outdated = 1) as Tags
            from {FromVerdicts}
          union all
          select rebuild.unit, rebuild.depth, {Ended}, rebuild.reason, rebuild.build, rebuild.try,
                 coalesce((select group_concat(value, ' ')
                             from json_each(iif(json_valid(rebuild.request), rebuild.request, 'null'), '$.tags')),
                          (select name from tag where tag.id = rebuild.unit))
            from {FromRebuilds}) node
          join (select tag.id, image.registry || '/' || image.repository as Image
                  from tag join image on image.id = tag.image) named on named.id = node.Unit
         order by Depth, Image, Unit limit 10000
        """;

    internal static List<CascadeNode> Read(SqliteConnection db, Guid id) =>
        [.. db.Query<Row>(Select, new { id = id.ToString() }).Select(row => row.Node)];

    private sealed record Row
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
