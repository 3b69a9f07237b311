namespace Builds.Contracts;

/// <summary>How an image is built, without credentials.</summary>
public sealed record ImageDefined
{
    public required ImageReference Image { get; init; }

    /// <summary>Grows by one with each change; older ones are ignored.</summary>
    public required long Version { get; init; }

    public required GitSource Source { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public IReadOnlyDictionary<string, string>? BuildArgs { get; init; }
    public string? Target { get; init; }
    public string? Platform { get; init; }
    public required RebuildPolicy Rebuild { get; init; }
}

/// <summary>When a push of a base image rebuilds this one, and from which source.</summary>
public sealed record RebuildPolicy
{
    public RebuildOn On { get; init; } = RebuildOn.EveryFrom;
    public RebuildSource Source { get; init; } = RebuildSource.AsBuilt;
}

public enum RebuildOn
{
    Never,
    FinalBase,
    EveryFrom,
    EveryFromAndCopies,
}

public enum RebuildSource
{
    /// <summary>
    /// Repeats the recorded build behind the tag's present digest: same commit, arguments, labels and tags.
    /// </summary>
    AsBuilt,

    /// <summary>Builds what the ref points to by then.</summary>
    FollowRef,
}
