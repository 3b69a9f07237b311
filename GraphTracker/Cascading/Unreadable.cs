using System.Text.Json;
using Builds.GraphTracker.Layers;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// Rebuilds that cannot be asked for, as what is recorded of them cannot be read any more. They have failed, with the
/// reason, and take nobody's place; whoever has mended it resumes them. Inside a write to the store.
/// </summary>
internal static class Unreadable
{
    private const string Insert = """
        insert into rebuild (build, cascade, image, unit, old_manifest, bases, depth, move, try, state, reason, request,
                             asked_at, ended_at, look_at, told)
        values (@build, @Cascade, @Image, @Unit, @Manifest, @Bases, @Depth, @Move, @tries, 'failed', @why,
                json_object('tags', json(@tags)), @now, @now, @now, 1)
        returning id
        """;

    /// <summary>One that was to be asked for.</summary>
    /// <param name="tags">Those that it would have renewed.</param>
    internal static Ended Record(
        SqliteConnection db, Ready ready, Guid build, long tries, IReadOnlyList<string> tags, Exception error, long now)
    {
        var why = $"it could not be asked for: {error.Message}";
        var id = db.QuerySingle<long>(Insert, new
        {
            build = build.ToString(), ready.Cascade, ready.Image, ready.Unit, ready.Manifest, ready.Bases, ready.Depth,
            ready.Move, tries, why, tags = JsonSerializer.Serialize(tags), now,
        });
        db.Execute(Requests.InsertTags, new { id, ready.Unit });
        foreach (var tag in db.Query<long>(Ends.SelectTags, new { id }).AsList())
            Undecided.Add(db, tag);
        return new Ended
        {
            Id = id,
            Build = build.ToString(),
            Name = $"{ready.Registry}/{ready.Repository}:{ready.Tag}",
            Outcome = "failed",
            Reason = why,
        };
    }

    private const string SetFailed = """
        update rebuild set state = 'failed', reason = @why, ended_at = @now
         where build = @build and state = 'open'
        returning id
        """;

    // Also where it has ended: it would be looked at again with every commit.
    private const string SetTold = "update rebuild set told = 1 where build = @build";

    /// <summary>One that was asked for, and cannot be told any more.</summary>
    internal static void Fail(SqliteConnection db, string build, Exception error, long now)
    {
        var why = $"what is recorded of its request cannot be read ({error.Message}); resume, and it is asked for anew";
        db.Execute(SetTold, new { build });
        foreach (var id in db.Query<long>(SetFailed, new { build, why, now }).AsList())
        {
            foreach (var tag in db.Query<long>(Ends.SelectTags, new { id }).AsList())
                Undecided.Add(db, tag);
        }
    }
}
