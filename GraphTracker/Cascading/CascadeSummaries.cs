using System.Text.Json;
using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Cascades, as people are shown them.</summary>
internal static class CascadeSummaries
{
    private const string Columns = """
        cascade.id as Id, image.registry || '/' || image.repository || ':' || tag.name as Root,
        cascade.old_digest as OldDigest, cascade.new_digest as NewDigest, cascade.state as State,
        cascade.began_at as BeganAt, cascade.ended_at as EndedAt, cascade.counts as Counts,
        (select stuck.problem from undecided stuck left join verdict on verdict.tag = stuck.tag
          where stuck.due_at > 0 and (stuck.tag = cascade.root or verdict.cascade = cascade.id) limit 1) as Problem
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
        public string? Problem { get; init; }

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
            Problem = Problem,
        };
    }
}
