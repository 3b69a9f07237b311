namespace Builds.Contracts;

/// <summary>Why a build was asked for.</summary>
public sealed record BuildCause
{
    public required BuildCauseKind Kind { get; init; }

    /// <summary>Who: the name of a token, a forge's user, a base image.</summary>
    public string? Actor { get; init; }

    public Guid? CascadeId { get; init; }
    public string? Base { get; init; }
    public string? OldDigest { get; init; }
    public string? NewDigest { get; init; }
    public string? Evidence { get; init; }

    /// <summary>Storeys above the image whose push began the cascade.</summary>
    public int? Depth { get; init; }
}

public enum BuildCauseKind
{
    Api,
    Hook,
    Portus,
    Cascade,
    Retry,
    Schedule,
}
