namespace Builds.Contracts;

/// <summary>
/// May this worker build it? Asked until answered; the same <see cref="ClaimId"/> gets the same answer.
/// </summary>
public sealed record ClaimBuild
{
    /// <summary>One per delivery.</summary>
    public required Guid ClaimId { get; init; }

    public required BuildRequested Request { get; init; }
    public required string Worker { get; init; }
}

/// <summary>Answer to <see cref="ClaimBuild"/>. Everything but granted is acknowledged and dropped.</summary>
public sealed record BuildClaim
{
    public required Guid BuildId { get; init; }
    public required ClaimVerdict Verdict { get; init; }

    /// <summary>Where not granted: why, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Where granted: the fence that every later word of this worker carries.</summary>
    public int? Attempt { get; init; }

    /// <summary>Where granted: the image with its registry filled in.</summary>
    public ImageReference? Image { get; init; }

    /// <summary>Where granted: the Gateway's instant, which worker clocks are related to.</summary>
    public DateTimeOffset? GrantedAt { get; init; }

    /// <summary>
    /// Where granted: the publisher's own, or those of the definition if git URL and registry are its.
    /// </summary>
    public SealedCredentials? Credentials { get; init; }

    /// <summary>
    /// Where granted: the registry of images that name none. Builds may reach it wherever it is, also inside a private
    /// network.
    /// </summary>
    public string? DefaultRegistry { get; init; }
}

public enum ClaimVerdict
{
    Granted,

    /// <summary>
    /// An earlier build with the same image and tag is not done; the Gateway sends this one when its turn comes.
    /// </summary>
    Later,

    /// <summary>Finished, cancelled, superseded, claimed by a living other, or lost too often.</summary>
    Refused,
}
