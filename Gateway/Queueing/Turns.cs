using System.Globalization;
using Builds.Contracts;
using Builds.Gateway.Publishing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Queueing;

/// <summary>
/// Whose turn it is among builds of the same image that share a tag: by the instant of the request, then by arrival.
/// Everything here happens inside a write to the store.
/// </summary>
public sealed class Turns(Outbox outbox, Endings endings)
{
    /// <summary>The message goes out, once: what was kept back for the same build is taken back.</summary>
    public void Send(SqliteConnection db, BuildRequested request, TimeSpan delay = default)
    {
        Unsend(db, request.BuildId);
        SendFirst(db, request, delay);
    }

    /// <summary>The message of a build that is new: nothing was kept back for it.</summary>
    public void SendFirst(SqliteConnection db, BuildRequested request, TimeSpan delay = default) =>
        outbox.Add(db, request, delay, SendingOf(request.BuildId));

    /// <summary>Takes back a message that has not gone out.</summary>
    public static void Unsend(SqliteConnection db, Guid id) => Outbox.Withdraw(db, SendingOf(id));

    private static string SendingOf(Guid id) => $"request:{id}";

    /// <summary>By which the outbox has the message of a row of <c>build</c>, in SQL.</summary>
    public const string SendingSql = "'request:' || build.id";

    private const string Wait = """
        update build set state = 'waiting', reason = @reason where number = @Number and state <> 'running'
        """;

    /// <summary>
    /// For a build that could start: it does, is made to wait, or ends because a newer one does its work.
    /// </summary>
    /// <returns>Null where it is its turn; otherwise why not.</returns>
    public string? Take(SqliteConnection db, QueuedBuild build)
    {
        var blocker = BlockerOf(db, build);
        if (NeedlessBy(db, build, blocker) is { } why)
        {
            End(db, build, BuildOutcome.Superseded, null, why);
            return why;
        }

        if (blocker is null)
            return null;
        Unsend(db, Guid.Parse(build.Id));
        db.Execute(Wait, new { build.Number, reason = WaitsFor(blocker) });
        return WaitsFor(blocker);
    }

    /// <summary>Ends what no worker has to answer for, and gives way to those that waited for it.</summary>
    public void End(
        SqliteConnection db, QueuedBuild build, BuildOutcome outcome, FailureClass? @class, string? reason)
    {
        endings.End(db, build, outcome, @class, reason);
        Pass(db, build.Registry, build.Repository);
    }

    private const string SelectWaiting = $"""
        select {QueuedBuild.Columns} from build
         where registry = @registry and repository = @repository and state = 'waiting'
         order by requested_at, number
        """;

    private const string Queue = "update build set state = 'queued', reason = null where number = @Number";

    /// <summary>Sends those whose turn has come.</summary>
    public void Pass(SqliteConnection db, string registry, string repository)
    {
        foreach (var build in db.Query<QueuedBuild>(SelectWaiting, new { registry, repository }).AsList())
        {
            // In order, so that one pass is enough: only earlier ones hold others up.
            var blocker = BlockerOf(db, build);
            if (NeedlessBy(db, build, blocker) is { } why)
            {
                endings.End(db, build, BuildOutcome.Superseded, null, why);
            }
            else if (blocker is not null)
            {
                db.Execute(Wait, new { build.Number, reason = WaitsFor(blocker) });
            }
            else
            {
                db.Execute(Queue, build);
                Send(db, build.Asked);
            }
        }
    }

    private const string SelectOlder = """
        select 1 from build
         where likeness = @Likeness and state = 'waiting' and (requested_at, number) < (@RequestedAt, @Number)
        """;

    /// <summary>A build has just arrived: those like it that wait are needless now.</summary>
    public void SupersedeOlder(SqliteConnection db, QueuedBuild build)
    {
        if (db.ExecuteScalar<long?>(SelectOlder, build) is not null)
            Pass(db, build.Registry, build.Repository);
    }

    private const string SelectBlocker = """
        select other.id as Id, other.state as State, other.worker as Worker, theirs.tag as Tag
          from open_tag mine
          join open_tag theirs on theirs.registry = mine.registry and theirs.repository = mine.repository
                              and theirs.tag = mine.tag and theirs.number <> mine.number
          join build other on other.number = theirs.number
         where mine.number = @Number
           and (other.state = 'running' or (other.requested_at, other.number) < (@RequestedAt, @Number))
         order by other.state = 'running' desc, other.requested_at, other.number
         limit 1
        """;

    private static Blocker? BlockerOf(SqliteConnection db, QueuedBuild build) =>
        db.QuerySingleOrDefault<Blocker>(SelectBlocker, build);

    private static string? NeedlessBy(SqliteConnection db, QueuedBuild build, Blocker? blocker) =>
        NewerThan(db, build, orWaiting: blocker is not null) is { } newer ? SupersededBy(newer)
        : ReleaseOver(db, build) is { } release ? OvertakenBy(release)
        : null;

    // One that replaces a certain image may end without a push, and so makes no other needless before it has succeeded.
    private const string SelectNewer = """
        select id as Id, requested_at as RequestedAt from build
         where likeness = @Likeness and (requested_at, number) > (@RequestedAt, @Number)
           and repeats = 0 and cancelled_by is null
           and (state = 'succeeded'
                or request ->> '$.replaces' is null
                   and (state = 'running' or (@orWaiting and state in ('accepted', 'queued', 'waiting'))))
         order by requested_at desc, number desc
         limit 1
        """;

    private static Newer? NewerThan(SqliteConnection db, QueuedBuild build, bool orWaiting) =>
        db.QuerySingleOrDefault<Newer>(SelectNewer, new { build.Likeness, build.RequestedAt, build.Number, orWaiting });

    // A cascade repeats what the tag had when it asked; a release that was on its way then is not to be undone.
    private const string SelectRelease = """
        select release.id
          from build mine
          join build release on release.registry = mine.registry and release.repository = mine.repository
         where mine.number = @Number and mine.repeats = 1 and mine.request ->> '$.cause.kind' = 'cascade'
           and release.repeats = 0 and release.state = 'succeeded' and release.finished_at >= mine.requested_at
           and exists (select 1 from json_each(release.request, '$.tags') theirs
                         join open_tag own on own.tag = theirs.value where own.number = mine.number)
         order by release.finished_at desc
         limit 1
        """;

    private static string? ReleaseOver(SqliteConnection db, QueuedBuild build) =>
        db.QuerySingleOrDefault<string>(SelectRelease, build);

    private static string WaitsFor(Blocker other) => other.State == BuildState.Running
        ? $"Build {other.Id} of the same tag '{other.Tag}' is running on {other.Worker}."
        : $"Build {other.Id} of the same tag '{other.Tag}' was requested earlier and is not done ({other.State}).";

    private static string SupersededBy(Newer newer)
    {
        var requested = DateTimeOffset.FromUnixTimeMilliseconds(newer.RequestedAt);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Build {newer.Id} of the same image, tags and ref was requested later ({requested:O}) and replaces it.");
    }

    private static string OvertakenBy(string release) =>
        $"Build {release} of the same tag succeeded after this repetition of an older commit was asked for, and stays.";

    private sealed record Blocker(string Id, string State, string? Worker, string Tag);

    private sealed record Newer(string Id, long RequestedAt);
}
