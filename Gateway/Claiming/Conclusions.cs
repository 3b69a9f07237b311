using Builds.Contracts;
using Builds.Gateway.Publishing;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Claiming;

/// <summary>
/// The outcome by the word of the worker that has the claim. Each method is part of one write to the store.
/// </summary>
public sealed class Conclusions(Turns turns, Endings endings, IOptions<ClaimOptions> options)
{
    public BuildConclusion Conclude(SqliteConnection db, ConcludeBuild ask)
    {
        var completed = ask.Completed;
        if (QueuedBuild.Find(db, completed.BuildId) is not { } build)
            return Refused($"Build {completed.BuildId} is not known here.", new Dictionary<string, string>());

        if (build.State == BuildState.Running && build.Attempt == completed.Attempt)
        {
            endings.Store(db, build, completed, options.Value.CompletedGrace);
            MoveTags(db, build, completed);
            turns.Pass(db, build.Registry, build.Repository);
        }
        else if (!IsTheSame(db, build, completed))
        {
            return Refused(Claims.WhyNot(db, completed.BuildId, completed.Attempt), TagsOf(db, build, ask.Before));
        }

        return new BuildConclusion { Granted = true, Tags = TagsOf(db, build, ask.Before) };
    }

    /// <summary>A worker has published what it was granted: the Gateway need not.</summary>
    public static void Seen(SqliteConnection db, BuildCompleted completed) =>
        Outbox.Withdraw(db, Endings.AnnouncementOf(completed));

    // What the Gateway concluded by itself has no claim, and no worker's answer is the same.
    private static bool IsTheSame(SqliteConnection db, QueuedBuild build, BuildCompleted completed) =>
        build.ClaimId is not null
        && build.Attempt == completed.Attempt
        && build.State == BuildState.Of(completed.Outcome)
        && db.ExecuteScalar<string?>(SelectDigest, build) == completed.Digest;

    private const string SelectDigest = "select digest from build where number = @Number";

    private const string UpsertTag = """
        insert into tag (registry, repository, tag, digest, number)
        values (@Registry, @Repository, @tag, @Digest, @Number)
            on conflict (registry, repository, tag) do update set digest = excluded.digest, number = excluded.number
         where (@RequestedAt, @Number) > (select requested_at, number from build where number = tag.number)
        """;

    private static void MoveTags(SqliteConnection db, QueuedBuild build, BuildCompleted completed)
    {
        if (completed.Digest is null)
            return;
        foreach (var tag in completed.Pushed.Intersect(build.Asked.Tags))
        {
            db.Execute(UpsertTag, new
            {
                build.Registry, build.Repository, tag, completed.Digest, build.Number, build.RequestedAt,
            });
        }
    }

    private const string SelectTags = """
        select tag.tag as Name, tag.digest as Digest, owner.requested_at as RequestedAt, owner.number as Number
          from tag join build owner on owner.number = tag.number
         where tag.registry = @Registry and tag.repository = @Repository and tag.tag in @tags
        """;

    // A tag that no build from this one on has moved is to be what it was, which somebody else may have pushed.
    private static Dictionary<string, string> TagsOf(
        SqliteConnection db, QueuedBuild build, IReadOnlyDictionary<string, string>? before)
    {
        var asked = build.Asked.Tags;
        var tags = before?.Where(tag => asked.Contains(tag.Key)).ToDictionary() ?? [];
        foreach (var (name, digest, requestedAt, number) in db.Query<(string, string, long, long)>(
            SelectTags, new { build.Registry, build.Repository, tags = asked }))
            if ((requestedAt, number).CompareTo((build.RequestedAt, build.Number)) >= 0 || !tags.ContainsKey(name))
                tags[name] = digest;
        return tags;
    }

    private static BuildConclusion Refused(string reason, IReadOnlyDictionary<string, string> tags) =>
        new() { Granted = false, Reason = reason, Tags = tags };
}
