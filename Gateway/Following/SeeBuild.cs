using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Storing;

namespace Builds.Gateway.Following;

/// <summary>A build as the API shows it.</summary>
public sealed record SeenBuild
{
    public required string Id { get; init; }
    public required string Image { get; init; }
    public required string Registry { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public required string Git { get; init; }
    public required string Ref { get; init; }

    /// <summary>
    /// accepted, queued, waiting, running; succeeded, failed, errored, cancelled, timedOut or superseded.
    /// </summary>
    public required string State { get; init; }

    /// <summary>While it has not begun: why.</summary>
    public string? Waiting { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>How often it was begun.</summary>
    public required long Attempt { get; init; }

    public string? Worker { get; init; }
    public string? Machine { get; init; }
    public string? Commit { get; init; }
    public string? Digest { get; init; }
    public BuildCause? Cause { get; init; }

    /// <summary>Whose fault it was, where it did not succeed.</summary>
    public string? Class { get; init; }

    public string? Reason { get; init; }
    public string? CancelledBy { get; init; }

    /// <summary>How long each part took; of the one that runs, so far.</summary>
    public required IReadOnlyList<BuildPhase> Phases { get; init; }

    public required IReadOnlyDictionary<string, string> Links { get; init; }
}

/// <summary><c>GET /v1/builds/{id}</c>.</summary>
public sealed class SeeBuild(GatewayStore store, Waiting waiting, TimeProvider clock)
{
    public static RefusedException NotThere() =>
        RefusedException.NotFound("There is no build of that id; GET /v1/builds lists them.");

    public BuildRow Row(Guid id) => store.Read(db => BuildRow.Find(db, id)) ?? throw NotThere();

    public async Task<SeenBuild> HandleAsync(
        BuildRow row, IReadOnlyDictionary<string, string> links, CancellationToken cancel) =>
        Show(row, links) with { Waiting = await waiting.WhyAsync(row, cancel) };

    public SeenBuild Show(BuildRow row, IReadOnlyDictionary<string, string> links)
    {
        var asked = row.Asked;
        return new SeenBuild
        {
            Id = row.Id,
            Image = row.Repository,
            Registry = row.Registry,
            Tags = asked.Tags,
            Git = asked.Source.Git,
            Ref = asked.Source.Ref,
            State = row.State,
            RequestedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.RequestedAt),
            StartedAt = BuildRow.Instant(row.StartedAt),
            FinishedAt = BuildRow.Instant(row.FinishedAt),
            Attempt = row.Attempt,
            Worker = row.Worker,
            Machine = row.Machine,
            Commit = row.CommitId ?? asked.Source.Commit,
            Digest = row.Digest,
            Cause = asked.Cause,
            Class = row.Class,
            Reason = row.State == BuildState.Waiting ? null : row.Reason,
            CancelledBy = row.CancelledBy,
            Phases = PhasesOf(row),
            Links = links,
        };
    }

    // Workers tell at each change of phase and every few seconds; in between the last one goes on.
    private List<BuildPhase> PhasesOf(BuildRow row)
    {
        if (row.Phases is null)
            return [];
        var phases = JsonSerializer.Deserialize<List<BuildPhase>>(row.Phases, BuildQueue.Json)!;
        if (row.State == BuildState.Running && phases is [.., var last])
        {
            var soFar = (clock.GetUtcNow() - last.StartedAt).TotalSeconds;
            phases[^1] = last with { Seconds = Math.Max(last.Seconds, soFar) };
        }

        return phases;
    }
}
