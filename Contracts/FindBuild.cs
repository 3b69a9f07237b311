namespace Builds.Contracts;

/// <summary>What has become of this build? Asked of the Gateway for one whose end is overdue.</summary>
public sealed record FindBuild
{
    public required Guid BuildId { get; init; }
}

/// <summary>Answer to <see cref="FindBuild"/>.</summary>
public sealed record FoundBuild
{
    public required Guid BuildId { get; init; }

    /// <summary>accepted, queued, waiting, running or an outcome; left out where no such build is known.</summary>
    public string? State { get; init; }

    /// <summary>Where it has ended.</summary>
    public BuildCompleted? Completed { get; init; }
}
