namespace Builds.Contracts;

/// <summary>Still here. Sent every 15 s, at each change of phase, and before anything is pushed.</summary>
public sealed record RenewClaim
{
    public required Guid BuildId { get; init; }
    public required int Attempt { get; init; }
    public required IReadOnlyList<BuildPhase> Phases { get; init; }
}

/// <summary>Answer to <see cref="RenewClaim"/>; where not granted the build is to be ended.</summary>
public sealed record ClaimRenewal
{
    public required bool Granted { get; init; }

    /// <summary>Set when somebody asked for the end; the claim itself is still this worker's to conclude.</summary>
    public string? CancelledBy { get; init; }

    public string? Reason { get; init; }
}
