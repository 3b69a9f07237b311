using Builds.Contracts;

namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>
/// Tags of one image that point to one digest and would be renewed by one build: what is decided about, and built once.
/// </summary>
public sealed record Unit
{
    /// <summary>The smallest of <see cref="Tags"/>.</summary>
    public required long Id { get; init; }

    /// <summary>With registry and, first, tag.</summary>
    public required string Name { get; init; }

    /// <summary>Ids of its tags.</summary>
    public required IReadOnlyList<long> Tags { get; init; }

    /// <summary>When the last of them began to point to what they point to, Unix milliseconds.</summary>
    public required long Since { get; init; }

    public required IReadOnlyList<Footing> Bases { get; init; }

    /// <summary>How it is rebuilt; null where that is not known.</summary>
    public RebuildPolicy? Policy { get; init; }

    /// <summary>Why <see cref="Policy"/> is null, for the person who owns it.</summary>
    public string? Unknown { get; init; }

    /// <summary>
    /// The last rebuild that was asked for, where it is open, or was one of what its tags point to, or has made that.
    /// </summary>
    public Rebuild? Rebuild { get; init; }

    public bool IsOpen => Rebuild is { State: RebuildState.Open };
}

/// <summary>A rebuild that was asked for.</summary>
/// <param name="Bases">What the bases were then: <see cref="Cascade.BasesOf"/>.</param>
/// <param name="Reason">Where it failed: why.</param>
public sealed record Rebuild(RebuildState State, Guid BuildId, string Bases, string Cascade, string? Reason);

public enum RebuildState
{
    Open,
    Done,
    Failed,

    /// <summary>A newer build of the same image took its place in the queue, and has not ended.</summary>
    Superseded,

    /// <summary>It had failed, or found something else to replace, and is to be tried once more.</summary>
    Resumed,
}
