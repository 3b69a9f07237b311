namespace Builds.Contracts;

/// <summary>How do the registries do?</summary>
public sealed record ListRegistries;

/// <summary>Answer to <see cref="ListRegistries"/>.</summary>
public sealed record RegistryReports
{
    public required IReadOnlyList<RegistryReport> Items { get; init; }

    /// <summary>Hosts that images name and that no setting knows, so that nobody is asked about them.</summary>
    public required IReadOnlyList<string> Unknown { get; init; }
}

/// <summary>What GraphTracker knows of a registry.</summary>
public sealed record RegistryReport
{
    /// <summary>Canonical <c>host[:port]</c>.</summary>
    public required string Registry { get; init; }

    public DateTimeOffset? ReconciledAt { get; init; }

    /// <summary>Seconds that the last reconcile took.</summary>
    public double? ReconcileSeconds { get; init; }

    /// <summary>Tags that the last reconcile looked at.</summary>
    public int? Tags { get; init; }

    /// <summary>Moves that nobody had reported before the last reconcile.</summary>
    public int? Found { get; init; }

    /// <summary>Why the last reconcile, or the last question, failed.</summary>
    public string? Problem { get; init; }

    /// <summary>Questions that wait for this registry.</summary>
    public required int Waiting { get; init; }
}
