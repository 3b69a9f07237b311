namespace Builds.Contracts;

/// <summary>
/// The one outcome of a build. Published by the worker, or by the Gateway for what no worker can answer.
/// </summary>
public sealed record BuildCompleted
{
    public required Guid BuildId { get; init; }

    /// <summary>0 = it never started.</summary>
    public required int Attempt { get; init; }

    public required BuildOutcome Outcome { get; init; }

    /// <summary>Whose fault it was, where it did not succeed.</summary>
    public FailureClass? Class { get; init; }

    /// <summary>What was wrong and what to do, for the person who can mend it.</summary>
    public string? Reason { get; init; }

    public required ImageReference Image { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>With the commit that was built.</summary>
    public required GitSource Source { get; init; }

    public IReadOnlyDictionary<string, string>? BuildArgs { get; init; }
    public string? Target { get; init; }
    public string? Platform { get; init; }

    /// <summary>As they were asked for, so that a rebuild can repeat them; not what the build sets by itself.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>As it was asked for.</summary>
    public bool? NoCache { get; init; }

    /// <summary>As it was asked for; the limit that held may have been lower.</summary>
    public int? TimeoutSeconds { get; init; }

    public BuildCause? Cause { get; init; }

    /// <summary>As the registry has it.</summary>
    public string? Digest { get; init; }

    /// <summary>Tags that were pushed and seen in the registry.</summary>
    public required IReadOnlyList<string> Pushed { get; init; }

    public required IReadOnlyList<BaseImage> Bases { get; init; }
    public required IReadOnlyList<BuildPhase> Phases { get; init; }

    /// <summary>How many <see cref="BuildLog"/> batches this attempt published.</summary>
    public required int LogBatches { get; init; }

    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>
    /// Where it was superseded by a push: the digest that one of its tags had instead of the one it was to replace.
    /// Empty where that tag is not there; left out where the build ended otherwise.
    /// </summary>
    public string? Found { get; init; }
}

public enum BuildOutcome
{
    Succeeded,
    Failed,
    Errored,
    Cancelled,
    TimedOut,

    /// <summary>
    /// Not pushed, and nobody's fault: a newer request does its work; or one of its tags is not any more what it was to
    /// replace, and then <see cref="BuildCompleted.Found"/> is given.
    /// </summary>
    Superseded,
}

public enum FailureClass
{
    /// <summary>Dockerfile, source or definition: the author can mend it.</summary>
    Author,

    /// <summary>Machine, registry, broker: the operator can mend it.</summary>
    Service,

    /// <summary>Refused by a rule of this service.</summary>
    Policy,

    /// <summary>A limit on time or size.</summary>
    Limit,
}

/// <summary>An image that the build stood on, as it was resolved.</summary>
public sealed record BaseImage
{
    /// <summary>Normalized, with registry and tag: <c>docker.io/library/debian:latest</c>.</summary>
    public required string Reference { get; init; }

    public required string Digest { get; init; }

    /// <summary>Name or number of the stage that used it.</summary>
    public required string Stage { get; init; }

    public required BaseImageKind Kind { get; init; }

    /// <summary>The Dockerfile names the digest itself, so a rebuild would change nothing.</summary>
    public required bool Pinned { get; init; }

    /// <summary>
    /// The built image itself stands on it, and not only a stage before; left out where that is not known.
    /// </summary>
    public bool? Final { get; init; }
}

public enum BaseImageKind
{
    From,
    CopyFrom,
    Mount,
    Frontend,
}

/// <summary>A part of a build and how long it took, by a monotonic clock.</summary>
public sealed record BuildPhase
{
    /// <summary>provisioning, checkingOut, pullingBases, building or pushing.</summary>
    public required string Name { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>So far, while it runs.</summary>
    public required double Seconds { get; init; }
}
