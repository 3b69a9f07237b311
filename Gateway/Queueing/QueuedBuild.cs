using System.Text.Json;
using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Queueing;

/// <summary>A row of <c>build</c>, as far as decisions rest on it.</summary>
public sealed record QueuedBuild
{
    public required long Number { get; init; }
    public required string Id { get; init; }
    public required string Registry { get; init; }
    public required string Repository { get; init; }

    /// <summary><see cref="BuildRequested"/> as JSON.</summary>
    public required string Request { get; init; }

    public required string Likeness { get; init; }
    public required string State { get; init; }
    public required long RequestedAt { get; init; }
    public required long Attempt { get; init; }
    public required long Lost { get; init; }
    public string? ClaimId { get; init; }
    public string? Worker { get; init; }
    public string? Reason { get; init; }
    public string? CancelledBy { get; init; }

    public const string Columns = """
        number as Number, id as Id, registry as Registry, repository as Repository, request as Request,
        likeness as Likeness, state as State, requested_at as RequestedAt, attempt as Attempt, lost as Lost,
        claim_id as ClaimId, worker as Worker, reason as Reason, cancelled_by as CancelledBy
        """;

    public bool IsFinished => BuildState.IsFinished(State);

    public BuildRequested Asked => JsonSerializer.Deserialize<BuildRequested>(Request, BuildQueue.Json)!;

    private const string SelectById = $"select {Columns} from build where id = @id";

    public static QueuedBuild? Find(SqliteConnection db, Guid id) =>
        db.QuerySingleOrDefault<QueuedBuild>(SelectById, new { id = id.ToString() });

    private const string SelectKnown = "select 1 from build where id = @id";

    public static bool IsKnown(SqliteConnection db, Guid id) =>
        db.ExecuteScalar<long?>(SelectKnown, new { id = id.ToString() }) is not null;
}
