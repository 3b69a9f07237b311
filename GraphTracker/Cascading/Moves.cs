using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Reads the last move of a tag, and what it belongs to.</summary>
internal sealed class Moves(SqliteConnection db, CascadeLimits limits)
{
    private readonly Dictionary<(long Tag, long Old), Move> _known = [];

    // By the build that pushed it, which was asked for before; and while that one's end is not told yet, by its being
    // asked for.
    private const string Select = """
        select tag_move.id as Id, tag_move.number as Number, tag_move.at as At,
               coalesce(own.cascade, joined.cascade) as Cascade, coalesce(own.depth, joined.depth) as Depth,
               tag_move.new_manifest = @old or exists (
                 select 1 from member where index_id = tag_move.new_manifest and image_id = @old) as IsOld
          from tag_move
          left join rebuild own on own.build = tag_move.build and own.asked_at <= tag_move.at
          left join rebuild joined on joined.id = (select rebuild from rebuilt_tag where tag = tag_move.tag)
                and own.id is null and joined.asked_at <= tag_move.at
                and (joined.ended_at is null or joined.ended_at >= tag_move.at)
         where tag_move.tag = @tag
         order by tag_move.number desc limit 50
        """;

    /// <param name="name">Of the tag, with registry.</param>
    /// <param name="old">The manifest that it pointed to, for who still stands on that.</param>
    internal Move Last(long tag, string name, long old) => _known.TryGetValue((tag, old), out var known)
        ? known
        : _known[(tag, old)] = Read(tag, name, old);

    private Move Read(long tag, string name, long old)
    {
        var moves = db.Query<Row>(Select, new { tag, old }).AsList();
        var left = 0;
        while (left + 1 < moves.Count && moves[left + 1].IsOld == 0)
            left++;
        var first = 0;
        while (first < left && moves[first].At - moves[first + 1].At < limits.Settle)
            first++;
        return new Move
        {
            Id = moves[0].Id,
            Name = $"{name}#{moves[0].Number}",
            At = moves[0].At,
            LeftAt = moves[left].At,
            UnsettledSince = moves[first].At,
            Cascade = moves[0].Cascade,
            Depth = (int)(moves[0].Depth ?? 0),
        };
    }

    private sealed record Row
    {
        public required long Id { get; init; }
        public required long Number { get; init; }
        public required long At { get; init; }
        public string? Cascade { get; init; }
        public long? Depth { get; init; }
        public long IsOld { get; init; }
    }
}
