using Dapper;

namespace Builds.GraphTracker.Layers;

/// <summary>What happened to tags: each move once, whoever reports it.</summary>
internal static class TagMoves
{
    private const string SelectTag = "select manifest as Manifest, moves as Moves from tag where id = @tag";

    private const string Asked = "update tag set asked_at = @Now where id = @tag";

    private const string Insert = """
        insert into tag_move (tag, number, old_manifest, new_manifest, at, source)
        values (@tag, @number, @old, @manifest, @Now, @source)
        """;

    private const string Update =
        "update tag set manifest = @manifest, moves = @number, moved_at = @Now where id = @tag";

    // What points to the same does not stand on this tag, though it stands on what this one pointed to.
    private const string SelectMates = """
        select mate.id
          from (select @old as id union select @manifest) own
         cross join tag mate on mate.manifest = own.id
         where mate.id <> @tag and exists (
           select 1 from part join edge on edge.child = part.image and edge.counts = 1
             join tag_past on tag_past.manifest = edge.base and tag_past.tag = @tag
            where part.manifest = own.id)
        """;

    internal static bool Record(Recording recording, long tag, long? manifest, string source)
    {
        var (db, now) = (recording.Db, recording.Now);
        db.Execute(Asked, new { tag, Now = now });
        var before = db.QuerySingle<State>(SelectTag, new { tag });
        if (before.Manifest == manifest)
            return false;

        var number = before.Moves + 1;
        db.Execute(Insert, new { tag, number, old = before.Manifest, manifest, Now = now, source });
        db.Execute(Update, new { tag, number, manifest, Now = now });
        if (manifest is { } current)
        {
            Past(recording, tag, current);
            MoveBuilds.Find(db, tag, current);
        }

        recording.PointsElsewhere(tag);
        foreach (var mate in db.Query<long>(SelectMates, new { tag, old = before.Manifest, manifest }))
            recording.PointsElsewhere(mate);
        recording.ChangedBase(tag);
        Undecided.Add(db, tag);
        return true;
    }

    private const string InsertPast = "insert or ignore into tag_past (tag, manifest) values (@tag, @manifest)";

    internal static void Past(Recording recording, long tag, long manifest)
    {
        if (recording.Db.Execute(InsertPast, new { tag, manifest }) == 0)
            return;
        recording.NewlyTagged(manifest);
        recording.ChangedBase(tag);
    }

    private sealed record State(long? Manifest, long Moves);
}
