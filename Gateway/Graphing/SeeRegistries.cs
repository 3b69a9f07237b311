using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Hooking;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Graphing;

/// <summary>How the registries do.</summary>
public sealed record RegistryHealth
{
    public required IReadOnlyList<SeenRegistry> Registries { get; init; }

    /// <summary>Hosts that images name and that GraphTracker has no setting for, so that nobody is asked.</summary>
    public required IReadOnlyList<string> Unknown { get; init; }

    /// <summary>Notifications whose secret was no registry's, since the Gateway began.</summary>
    public required RefusedNotifications Refused { get; init; }

    /// <summary>Where something is not well: what, and what to do.</summary>
    public string? Problem { get; init; }
}

public sealed record RefusedNotifications(int Count, DateTimeOffset? At, string? From);

public sealed record SeenRegistry
{
    /// <summary>Canonical <c>host[:port]</c>.</summary>
    public required string Registry { get; init; }

    /// <summary>The one that is meant where none is named.</summary>
    public required bool IsDefault { get; init; }

    /// <summary>Whether it has a secret in <c>Hooks:Registries</c>.</summary>
    public required bool MayNotify { get; init; }

    public DateTimeOffset? LastEventAt { get; init; }

    /// <summary>Events passed on to GraphTracker, since the store was made.</summary>
    public required long Taken { get; init; }

    public required long Repeated { get; init; }

    /// <summary>Blobs, pulls, mounts, attestations.</summary>
    public required long Ignored { get; init; }

    /// <summary>Events that could not be used.</summary>
    public required long Rejected { get; init; }

    public DateTimeOffset? LastRejectedAt { get; init; }
    public string? LastRejection { get; init; }

    /// <summary>What GraphTracker says of it; left out where it has no setting for it, or does not answer.</summary>
    public RegistryReport? Reconciled { get; init; }
}

/// <summary><c>GET /v1/registries</c>: the doctor. It answers also where GraphTracker does not.</summary>
public sealed class SeeRegistries(
    GatewayStore store, GraphClient graph, RegistryHook hook, IOptions<HookingOptions> hooks,
    IOptions<RegistryOptions> registries)
{
    private const string Select = """
        select registry as Registry, last_event_at as LastEventAt, taken as Taken, repeated as Repeated,
               ignored as Ignored, rejected as Rejected, rejected_at as RejectedAt, rejection as Rejection
          from registry_hook
        """;

    public async Task<RegistryHealth> HandleAsync(CancellationToken cancel)
    {
        var counts = store.Read(db => db.Query<Row>(Select).ToDictionary(row => row.Registry));
        var reports = await graph.TryAsync(new ListRegistries(), cancel);
        var byHost = reports?.Items.ToDictionary(report => report.Registry) ?? [];
        var hosts = hooks.Value.Registries.Select(registry => registry.Host)
            .Append(registries.Value.Default).Concat(counts.Keys).Concat(byHost.Keys).Distinct().Order();
        var (refusals, at, from) = hook.Refusals;
        return new RegistryHealth
        {
            Registries =
            [
                .. hosts.Select(host => Show(host, counts.GetValueOrDefault(host), byHost.GetValueOrDefault(host))),
            ],
            Unknown = reports?.Unknown ?? [],
            Refused = new RefusedNotifications(refusals, at, from),
            Problem = reports is null
                ? "GraphTracker does not answer, so nothing is known of its reconciling: look whether it runs, and "
                    + "what its log says. Notifications are taken meanwhile."
                : null,
        };
    }

    private SeenRegistry Show(string host, Row? row, RegistryReport? report) => new()
    {
        Registry = host,
        IsDefault = host == registries.Value.Default,
        MayNotify = hooks.Value.Registries.Any(registry => registry.Host == host),
        LastEventAt = Instant(row?.LastEventAt),
        Taken = row?.Taken ?? 0,
        Repeated = row?.Repeated ?? 0,
        Ignored = row?.Ignored ?? 0,
        Rejected = row?.Rejected ?? 0,
        LastRejectedAt = Instant(row?.RejectedAt),
        LastRejection = row?.Rejection,
        Reconciled = report,
    };

    private static DateTimeOffset? Instant(long? milliseconds) =>
        milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    private sealed record Row(
        string Registry, long? LastEventAt, long Taken, long Repeated, long Ignored, long Rejected, long? RejectedAt,
        string? Rejection);
}
