namespace Builds.Contracts;

/// <summary>All that is outdated, please: the Gateway's way to catch up.</summary>
public sealed record ListOutdated
{
    /// <summary>Continue behind this one; from the first where left out.</summary>
    public long? After { get; init; }
}

/// <summary>Answer to <see cref="ListOutdated"/>: at most 500.</summary>
public sealed record OutdatedImages
{
    public required IReadOnlyList<ImageOutdated> Images { get; init; }

    /// <summary>As of this instant; whatever is not listed up to the end was current then.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Ask again with this as <see cref="ListOutdated.After"/>; left out at the end.</summary>
    public long? Next { get; init; }
}
