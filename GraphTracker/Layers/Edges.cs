using Builds.GraphTracker.Registries;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>What an image was built on, and what says so.</summary>
public static class Edges
{
    public const int Record = 1;
    public const int Provenance = 2;
    public const int Annotation = 3;
    public const int Layers = 4;

    public static string NameOf(long evidence) => evidence switch
    {
        Record => "build record",
        Provenance => "provenance",
        Annotation => "annotation",
        _ => "layers",
    };

    private const string Insert = """
        insert or ignore into edge (child, base, base_tag, evidence, kind, pinned)
        values (@child, @manifest, @tag, @evidence, @kind, @pinned)
        """;

    internal static void Add(SqliteConnection db, long child, long manifest, long tag, int evidence, string kind,
        bool pinned = false) =>
        db.Execute(Insert, new { child, manifest, tag, evidence, kind, pinned });

    /// <summary>
    /// A base that the image itself or its attestation names. It is asked for; and its tag, where nobody knows that it
    /// pointed to that: it may have moved on long ago, or unheard just now.
    /// </summary>
    internal static void Name(Recording recording, long child, SeenBase named, int evidence, string kind)
    {
        var (db, now) = (recording.Db, recording.Now);
        var image = Names.ImageOf(db, named.Registry, named.Repository);
        var (manifest, isRead) = Manifests.Find(db, image, named.Digest);
        if (!isRead)
            Questions.AskManifest(db, image, manifest, "push", now, now);

        var tag = named.Tag is null ? 0 : Names.TagOf(db, image, named.Tag);
        if (tag != 0 && !db.QuerySingle<bool>(IsPast, new { tag, manifest }))
            Questions.AskTag(db, image, named.Tag!, named.Digest, "watch", now);
        Add(db, child, manifest, tag, evidence, kind, named.IsPinned);
        recording.ChangedChild(child);
    }

    private const string IsPast = """
        select exists (select 1 from tag_past where tag = @tag and (manifest = @manifest or manifest in
                        (select index_id from member where image_id = @manifest)))
        """;
}
