namespace Builds.Contracts;

/// <summary>Please end this cascade, or go on where it is blocked.</summary>
public sealed record ChangeCascade
{
    public required Guid CascadeId { get; init; }
    public required CascadeChange Change { get; init; }

    /// <summary>Who asks: the name of a token.</summary>
    public required string By { get; init; }
}

public enum CascadeChange
{
    /// <summary>Asks for no further rebuild; those that were asked for go on.</summary>
    Cancel,

    /// <summary>Tries once more what failed, and goes on where it was cancelled.</summary>
    Resume,
}

/// <summary>Answer to <see cref="ChangeCascade"/>.</summary>
public sealed record CascadeChangeTaken
{
    /// <summary>As it is afterwards; left out where no such cascade is known.</summary>
    public CascadeSummary? Cascade { get; init; }

    /// <summary>Where nothing was changed: why.</summary>
    public string? Problem { get; init; }
}
