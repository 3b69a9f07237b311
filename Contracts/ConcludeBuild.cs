namespace Builds.Contracts;

/// <summary>May this be the one outcome of the build? Granted, the worker publishes it.</summary>
public sealed record ConcludeBuild
{
    public required BuildCompleted Completed { get; init; }

    /// <summary>
    /// What each tag was directly before this build pushed it, as a digest; without those that were not there. It is
    /// put back where the build has not come to its end, and no later one has pushed.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Before { get; init; }
}

/// <summary>Answer to <see cref="ConcludeBuild"/>; asking again gets the same answer.</summary>
public sealed record BuildConclusion
{
    public required bool Granted { get; init; }
    public string? Reason { get; init; }

    /// <summary>
    /// The digest each tag of the build is to have: by the outcome of this build or a later one; else what it was
    /// before, where that is told; else by the newest outcome. A late push, and half a push, are mended with it.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }
}
