using System.Security.Cryptography;
using System.Text;
using Builds.GraphTracker.Registries;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>Every digest that was ever seen or named.</summary>
public static class Manifests
{
    private const int BytesPerStep = 8;

    private const string Select = "select id as Id, state as State from manifest where digest = @digest";

    private const string Insert = """
        insert into manifest (digest, image, state) values (@digest, @image, 'wanted') returning id
        """;

    private const string ReadFromElsewhere = "update manifest set image = @image where id = @Id and image <> @image";

    /// <summary>Wanted, where it was not known.</summary>
    public static (long Id, bool IsRead) Find(SqliteConnection db, long image, string digest)
    {
        var known = db.QueryFirstOrDefault<Known>(Select, new { digest });
        if (known is null)
            return (db.QuerySingle<long>(Insert, new { digest, image }), false);
        if (known.State != "read")
            db.Execute(ReadFromElsewhere, new { known.Id, image });
        return (known.Id, known.State == "read");
    }

    private const string SetProblem = """
        update manifest set state = @state, problem = @problem, read_at = @now where id = @id and state <> 'read'
        """;

    /// <param name="state">gone or bad.</param>
    public static void Mark(SqliteConnection db, long id, string state, string problem, long now) =>
        db.Execute(SetProblem, new { id, state, problem, now });

    internal static long Record(Recording recording, long image, SeenManifest seen)
    {
        var (id, isRead) = Find(recording.Db, image, seen.Digest);
        if (isRead && (seen is not SeenIndex || !Incomplete.Is(recording.Db, id)))
            return id;

        switch (seen)
        {
            case SeenImage one:
                RecordImage(recording, id, image, one);
                break;
            case SeenIndex index:
                RecordIndex(recording, id, image, index);
                break;
            default:
                SetRead(recording, id, "other", seen.MediaType);
                break;
        }

        foreach (var tag in recording.Db.Query<long>(SelectConcerned, new { id }))
            recording.ChangedBase(tag);
        foreach (var child in recording.Db.Query<long>(SelectUncertain, new { id }))
            recording.ChangedChild(child);
        return id;
    }

    private const string SelectConcerned = """
        select base_tag from base_version where manifest = @id union select tag from tag_past where manifest = @id
        """;

    // A build record says itself which base is the final one, and layers only name what was read.
    private const string SelectUncertain = "select child from edge where base = @id and evidence in (2, 3)";

    private static void RecordImage(Recording recording, long id, long image, SeenImage seen)
    {
        var chain = Chains.Record(recording.Db, seen.DiffIds);
        SetRead(recording, id, "image", seen.MediaType, Platforms.Normal(seen.Platform), chain,
            seen.Content.ToArray(), Steps(seen.History));
        recording.Db.Execute(InsertMember, new { id, member = id, platform = Platforms.Normal(seen.Platform) });
        if (seen.Base is { } named)
            Edges.Name(recording, id, named, Edges.Annotation, "finalFrom");
        LayerEdges.Derive(recording, id);
        LayerEdges.TakeOver(recording, id);
        recording.ChangedChild(id);
    }

    private const string InsertMember = """
        insert or ignore into member (index_id, image_id, platform) values (@id, @member, @platform)
        """;

    private const string IsPast = "select exists (select 1 from tag_past where manifest = @id)";

    private static void RecordIndex(Recording recording, long id, long image, SeenIndex seen)
    {
        SetRead(recording, id, "index", seen.MediaType);
        foreach (var one in seen.Images)
        {
            var member = Record(recording, image, one);
            recording.Db.Execute(InsertMember, new { id, member, platform = Platforms.Normal(one.Platform) });
            if (seen.Base is { } named)
                Edges.Name(recording, member, named, Edges.Annotation, "finalFrom");
            var materials = seen.Provenance.GetValueOrDefault(one.Digest) ?? [];
            foreach (var material in materials.OrderBy(each => each.IsPinned)) // what one stage follows, all follow
                Edges.Name(recording, member, material, Edges.Provenance, "from");
            recording.ChangedChild(member);
        }

        if (recording.Db.QuerySingle<bool>(IsPast, new { id }))
            recording.NewlyTagged(id);
        Incomplete.Note(recording, image, id, seen.IsIncomplete);
    }

    private const string UpdateRead = """
        update manifest set state = 'read', kind = @kind, media_type = @mediaType, platform = @platform, chain = @chain,
               content = @content, history = @history, problem = null, read_at = @Now
         where id = @id
        """;

    private static void SetRead(Recording recording, long id, string kind, string mediaType, string? platform = null,
        long? chain = null, byte[]? content = null, byte[]? history = null) =>
        recording.Db.Execute(UpdateRead, new
        {
            id, kind, mediaType, platform, chain, content, history, recording.Now,
        });

    /// <summary>So that "its first steps are all of another's" is one comparison.</summary>
    private static byte[] Steps(IReadOnlyList<string> history) =>
        [.. history.SelectMany(step => SHA256.HashData(Encoding.UTF8.GetBytes(step)).Take(BytesPerStep))];

    private sealed record Known(long Id, string State);
}
