using System.Text.Json;
using Builds.Contracts;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>Builds that have ended: what they were, and what the images that they made stand on.</summary>
internal static class BuildRecords
{
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    private const string Insert = """
        insert or ignore into build (id, image, digest, outcome, completed, completed_at)
        values (@id, @image, @Digest, @outcome, @completed, @completedAt)
        """;

    internal static void Record(Recording recording, BuildCompleted build, string defaultRegistry)
    {
        var db = recording.Db;
        var image = Names.ImageOf(db, build.Image.Registry ?? defaultRegistry, build.Image.Repository);
        var isNew = db.Execute(Insert, new
        {
            id = build.BuildId.ToString(),
            image,
            build.Digest,
            outcome = JsonNamingPolicy.CamelCase.ConvertName(build.Outcome.ToString()),
            completed = JsonSerializer.Serialize(build, Json),
            completedAt = build.CompletedAt.ToUnixTimeMilliseconds(),
        }) > 0;
        if (!isNew)
            return;

        foreach (var name in build.Tags.Union(build.Pushed))
            Undecided.Add(db, Names.TagOf(db, image, name));
        foreach (var name in build.Pushed)
            Questions.AskTag(db, image, name, build.Digest, "build", recording.Now);
        var found = build.Found is { Length: > 0 } ? build.Found : null;
        foreach (var name in build.Found is null ? [] : build.Tags)
            Questions.AskTag(db, image, name, found, "build", recording.Now);
        if (build is not { Outcome: BuildOutcome.Succeeded, Digest: { } digest })
            return;

        var made = Manifests.Find(db, image, digest).Id;
        foreach (var name in build.Pushed)
            MoveBuilds.Find(db, Names.TagOf(db, image, name), made);
        if (IsLatest(db, build))
            RecordBases(recording, made, build);
    }

    private const string SelectLatest = """
        select max(completed_at) from build where digest = @Digest and outcome = 'succeeded'
        """;

    // The same digest can come out of builds on different bases: the latest one says what it stands on.
    private static bool IsLatest(SqliteConnection db, BuildCompleted build) =>
        db.QuerySingle<long>(SelectLatest, build) <= build.CompletedAt.ToUnixTimeMilliseconds();

    private const string DeleteRecorded = "delete from edge where child = @child and evidence = 1";

    private static void RecordBases(Recording recording, long child, BuildCompleted build)
    {
        var db = recording.Db;
        db.Execute(DeleteRecorded, new { child });
        var final = build.Bases.Any(used => used.Final is not null)
            ? build.Bases.FirstOrDefault(used => used.Final is true)
            : build.Bases.LastOrDefault(used => used.Kind == BaseImageKind.From);
        foreach (var used in build.Bases)
        {
            if (BaseName.Parse(used.Reference) is { } name)
                RecordBase(recording, child, used, name, ReferenceEquals(used, final)
                    ? "finalFrom"
                    : JsonNamingPolicy.CamelCase.ConvertName(used.Kind.ToString()));
        }

        recording.ChangedChild(child);
    }

    private const string PointsTo = """
        select exists (select 1 from tag where id = @tag and (manifest = @manifest or manifest in
                        (select index_id from member where image_id = @manifest)))
        """;

    private static void RecordBase(Recording recording, long child, BaseImage used, BaseName name, string kind)
    {
        var (db, now) = (recording.Db, recording.Now);
        var image = Names.ImageOf(db, name.Registry, name.Repository);
        var (manifest, isRead) = Manifests.Find(db, image, used.Digest);
        var tag = name.Tag is null ? 0 : Names.TagOf(db, image, name.Tag);
        if (!isRead)
            Questions.AskManifest(db, image, manifest, "build", now, now);
        // The build may have used what nobody has told yet, or what the tag has left already.
        if (tag != 0 && !db.QuerySingle<bool>(PointsTo, new { tag, manifest }))
            Questions.AskTag(db, image, name.Tag!, used.Pinned ? null : used.Digest, "build", now);
        Edges.Add(db, child, manifest, tag, Edges.Record, kind, used.Pinned);
    }
}
