namespace Builds.Contracts;

/// <summary>May this be the one outcome of the build? Granted, the worker publishes it.</summary>
public sealed record ConcludeBuild
{
    public required BuildCompleted Completed { get; init; }
}

/// <summary>Answer to <see cref="ConcludeBuild"/>; asking again gets the same answer.</summary>
public sealed record BuildConclusion
{
    public required bool Granted { get; init; }
    public string? Reason { get; init; }

    /// <summary>
    /// The digest each tag of the build is to have, by the newest outcome stored. A late push is mended with it.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }
}
