namespace Builds.Contracts;

/// <summary>Please build this. Published by Gateway, GraphTracker and Portus.</summary>
public sealed record BuildRequested
{
    /// <summary>Chosen by the publisher; a retry of the same request reuses it and asks for nothing new.</summary>
    public required Guid BuildId { get; init; }

    public required ImageReference Image { get; init; }

    /// <summary>One or more; all get the same digest.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    public required GitSource Source { get; init; }
    public required DateTimeOffset RequestedAt { get; init; }
    public IReadOnlyDictionary<string, string>? BuildArgs { get; init; }

    /// <summary>A stage of the Dockerfile; the last where left out.</summary>
    public string? Target { get; init; }

    /// <summary>For example <c>linux/amd64</c>; the machine's own where left out.</summary>
    public string? Platform { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public bool? NoCache { get; init; }

    /// <summary>Seconds the whole build may take; the worker's limit where left out or larger.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>Sealed by the publisher itself; used instead of those of the definition.</summary>
    public SealedCredentials? Credentials { get; init; }

    public BuildCause? Cause { get; init; }

    /// <summary>
    /// The digest that all of its tags have when it is asked for. Where one of them has another, or is not there (as a
    /// new tag is), by the time that it would be pushed, nothing is pushed, and the build ends superseded. Left out, it
    /// is pushed whatever is there.
    /// </summary>
    public string? Replaces { get; init; }
}
