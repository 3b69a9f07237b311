using Builds.GraphTracker.Registries;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>A question that is due.</summary>
/// <param name="Tag">Empty where it is about a manifest.</param>
/// <param name="Digest">Of that manifest; null where it is about a tag.</param>
/// <param name="Named">Digests that the tag is said to have pointed to.</param>
public sealed record Question(
    long Id, long Image, string Registry, string Repository, string Tag, long Manifest, string? Digest, string Named,
    string Source, long Tries, long Turn)
{
    /// <summary>As people write it.</summary>
    public string Name => Digest is null ? $"{Registry}/{Repository}:{Tag}" : $"{Registry}/{Repository}@{Digest}";

    /// <summary>What it asks: one that is asked anew has another id.</summary>
    public (long Image, string Tag, long Manifest) Key => (Image, Tag, Manifest);
}

/// <summary>
/// What a digest was found to be: read, or why it could not be; all null where it had been read before.
/// </summary>
public sealed record Found(string Digest, SeenManifest? Seen = null, string? Gone = null, string? Bad = null);

/// <summary>What a registry has answered.</summary>
/// <param name="Digest">What the tag points to; null where it is not there.</param>
/// <param name="Found">All digests that were looked up, that one first.</param>
public sealed record Answer(string? Digest, IReadOnlyList<Found> Found);

/// <summary>
/// An answer goes into the graph in one transaction, which also deletes its question: all of it, or nothing.
/// </summary>
public static class Answers
{
    private const int UnseenTries = 3;
    private const int UnseenTriesOfPast = 1;

    private const string Delete = "delete from question where id = @Id";

    /// <returns>Whether the tag has moved.</returns>
    internal static bool Record(Recording recording, Question question, Answer answer)
    {
        var db = recording.Db;
        db.Execute(Delete, question); // nothing, where it was asked anew meanwhile
        // What was only said to have been there, and is not, leaves no trace.
        var manifests = answer.Found.Where((found, place) => place == 0 || found is { Gone: null, Bad: null })
            .Select(found => Record(recording, question.Image, found)).ToList();
        if (question.Digest is not null)
            return false;

        if (answer.Digest is null)
            return Names.FindTag(db, question.Image, question.Tag) is { } gone
                && recording.Move(gone, null, question.Source);

        var tag = Names.TagOf(db, question.Image, question.Tag);
        // First the past: whoever is built on it then knows the tag that moves.
        foreach (var past in manifests.Skip(1))
            recording.Past(tag, past);
        return recording.Move(tag, manifests[0], question.Source);
    }

    private static long Record(Recording recording, long image, Found found)
    {
        if (found.Seen is { } seen)
            return recording.Manifest(image, seen);
        var id = Manifests.Find(recording.Db, image, found.Digest).Id;
        if (found.Bad is { } bad)
            Manifests.Mark(recording.Db, id, "bad", bad, recording.Now);
        else if (found.Gone is { } gone)
            Manifests.Mark(recording.Db, id, "gone", gone, recording.Now);
        return id;
    }

    private const string SelectIsRead = """
        select exists (select 1 from manifest where digest = @digest and state = 'read' and incomplete = 0)
        """;

    /// <summary>Whether it need not be read: once is enough, where all of it was there.</summary>
    public static bool IsRead(SqliteConnection db, string digest) => db.QuerySingle<bool>(SelectIsRead, new { digest });

    private const string SelectPast = """
        select manifest.digest
          from tag join tag_past on tag_past.tag = tag.id join manifest on manifest.id = tag_past.manifest
         where tag.image = @Image and tag.name = @Tag
        """;

    /// <summary>
    /// Digests that the tag is said to have pointed to and that nobody knows of; the present one is none.
    /// </summary>
    public static IReadOnlyList<string> Missed(SqliteConnection db, Question question, string present)
    {
        var named = Named(question).Where(digest => digest != present).ToList();
        return named.Count == 0 ? [] : [.. named.Except(db.Query<string>(SelectPast, question))];
    }

    /// <summary>
    /// What was pushed last, where the tag points elsewhere and that may only be because it is not written yet; else
    /// null.
    /// </summary>
    public static string? Unseen(SqliteConnection db, Question question, string? present)
    {
        if (question.Source != "push" || Named(question) is not [.., var last] || last == present)
            return null;
        // What it pointed to before may have been put back; more often it is an old push that is told late.
        var most = db.Query<string>(SelectPast, question).Contains(last) ? UnseenTriesOfPast : UnseenTries;
        return question.Tries < most ? last : null;
    }

    private static string[] Named(Question question) =>
        question.Named.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
