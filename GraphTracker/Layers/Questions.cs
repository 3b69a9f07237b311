using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// What the registries have still to be asked: written with whatever raised it, gone with the answer.
/// </summary>
public static class Questions
{
    private const int MostNamed = 500; // images name years of a base's versions; each is looked up with the answer

    private const string SelectOpen = """
        select id as Id, named as Named, source as Source, turn as Turn, due_at as DueAt from question
         where image = @image and tag = @tag and manifest = @manifest
        """;

    private const string Delete = "delete from question where id = @Id";

    private const string Insert = """
        insert into question (registry, image, tag, manifest, named, source, turn, asked_at, due_at)
        select registry, @image, @tag, @manifest, @named, @source, @turn, @now, @dueAt from image where id = @image
        """;

    /// <summary>What does the tag point to now?</summary>
    /// <param name="named">The digest that it is said to have pointed to.</param>
    /// <param name="source">push, build, reconcile or watch.</param>
    public static void AskTag(SqliteConnection db, long image, string tag, string? named, string source, long now)
    {
        var open = Open(db, image, tag, 0);
        var digests = (open?.Named ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (named is not null)
        {
            digests.Remove(named);
            digests.Add(named); // the last is the one that was named last
        }

        var raised = source == "push" ? source : open?.Source ?? source;
        // A new row also where one is open: it may be on its way, with an answer from before this.
        var known = string.Join(' ', digests.TakeLast(MostNamed));
        Replace(db, open, image, tag, 0, known, raised, Turns.Of(source), now, now);
    }

    /// <summary>
    /// What is under this digest? It can wait a little where it is likely to come with another answer.
    /// </summary>
    public static void AskManifest(SqliteConnection db, long image, long manifest, string source, long now, long dueAt)
    {
        if (Open(db, image, "", manifest) is not { } open)
            Replace(db, null, image, "", manifest, "", source, Turns.Of(source), now, dueAt);
        else if (open.DueAt > dueAt || open.Turn > Turns.Of(source))
            Replace(db, open, image, "", manifest, "", source, Turns.Of(source), now, Math.Min(open.DueAt, dueAt));
    }

    private static OpenQuestion? Open(SqliteConnection db, long image, string tag, long manifest) =>
        db.QueryFirstOrDefault<OpenQuestion>(SelectOpen, new { image, tag, manifest });

    private static void Replace(SqliteConnection db, OpenQuestion? open, long image, string tag, long manifest,
        string named, string source, long turn, long now, long dueAt)
    {
        if (open is not null)
        {
            db.Execute(Delete, open);
            turn = Math.Min(turn, open.Turn); // a push stays one that was just told, whoever asks for the same
        }

        db.Execute(Insert, new { image, tag, manifest, named, source, turn, now, dueAt });
    }

    private sealed record OpenQuestion(long Id, string Named, string Source, long Turn, long DueAt);
}
