using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Following;

/// <summary>A row of <c>build</c>, as far as it is shown.</summary>
public sealed record BuildRow
{
    public required long Number { get; init; }
    public required string Id { get; init; }
    public required string Registry { get; init; }
    public required string Repository { get; init; }
    public required string Namespace { get; init; }
    public required string Request { get; init; }
    public required string State { get; init; }
    public required long RequestedAt { get; init; }
    public required long AcceptedAt { get; init; }
    public string? Reason { get; init; }
    public required long Attempt { get; init; }
    public string? Worker { get; init; }
    public string? Machine { get; init; }
    public string? CancelledBy { get; init; }
    public long? StartedAt { get; init; }
    public long? FinishedAt { get; init; }
    public string? Class { get; init; }
    public string? CommitId { get; init; }
    public string? Digest { get; init; }
    public string? Phases { get; init; }
    public string? Completed { get; init; }

    public const string Columns = """
        number as Number, id as Id, registry as Registry, repository as Repository, namespace as Namespace,
        request as Request, state as State, requested_at as RequestedAt, accepted_at as AcceptedAt, reason as Reason,
        attempt as Attempt, worker as Worker, machine as Machine, cancelled_by as CancelledBy, started_at as StartedAt,
        finished_at as FinishedAt, class as Class, commit_id as CommitId, digest as Digest, phases as Phases,
        completed as Completed
        """;

    private const string SelectOne = $"select {Columns} from build where id = @id";

    public bool IsFinished => BuildState.IsFinished(State);

    public BuildRequested Asked => JsonSerializer.Deserialize<BuildRequested>(Request, BuildQueue.Json)!;

    public static BuildRow? Find(SqliteConnection db, Guid id) =>
        db.QuerySingleOrDefault<BuildRow>(SelectOne, new { id = id.ToString() });

    public static DateTimeOffset? Instant(long? milliseconds) =>
        milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
}
