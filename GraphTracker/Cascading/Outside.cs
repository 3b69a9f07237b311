using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Reads what was decided of bases that are not decided about now.</summary>
internal static class Outside
{
    private const string Columns = """
        distinct verdict.tag as Tag, verdict.base as Base, verdict.base_tag as BaseTag,
               verdict.old_digest as OldDigest, verdict.new_digest as NewDigest, verdict.evidence as Evidence,
               verdict.through as Through, verdict.outlook as Outlook, verdict.next as Next, verdict.depth as Depth,
               verdict.cascade as Cascade, verdict.build as Build, tag_move.id as Move, tag_move.at as At
        """;

    private const string Select = $"""
        select {Columns}
          from affected cross join footing on footing.tag = affected.tag
          join verdict on verdict.tag = footing.base_tag and verdict.outdated = 1
          join tag_move on tag_move.id = verdict.move
         where footing.base_tag not in (select tag from affected)
        """;

    private const string SelectBelow = $"""
        select {Columns}
          from json_each(@below) base
          join verdict on verdict.tag = base.value and verdict.outdated = 1
          join tag_move on tag_move.id = verdict.move
         where base.value not in (select tag from affected)
        """;

    /// <param name="below">Tags that are stood on too, though not directly.</param>
    /// <returns>By tag.</returns>
    internal static Dictionary<long, Verdict> Read(SqliteConnection db, IReadOnlyCollection<long> below)
    {
        var rows = db.Query<Row>(Select);
        if (below.Count > 0)
            rows = rows.Concat(db.Query<Row>(SelectBelow, new { below = JsonSerializer.Serialize(below) }));
        return rows.DistinctBy(row => row.Tag).ToDictionary(row => row.Tag, row => row.Verdict);
    }

    private sealed record Row
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
        public required long Move { get; init; }
        public required long At { get; init; }

        public Verdict Verdict => new()
        {
            Cause = new Footing
            {
                BaseTag = BaseTag,
                Base = Base,
                OldDigest = OldDigest,
                NewDigest = NewDigest,
                Kind = "finalFrom",
                Evidence = Evidence,
                Pinned = false,
                Moves = 0,
                Moved = new Move
                {
                    Id = Move, Name = Base, At = At, LeftAt = At, UnsettledSince = At, Cascade = Cascade,
                },
            },
            Through = Through,
            Outlook = Enum.Parse<OutdatedOutlook>(Outlook, ignoreCase: true),
            Next = Next,
            Depth = (int)Depth,
            Cascade = Cascade,
            BuildId = Build is null ? null : Guid.Parse(Build),
        };
    }
}
