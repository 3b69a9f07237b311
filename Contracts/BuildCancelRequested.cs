namespace Builds.Contracts;

/// <summary>Somebody wants this build to end. Lost copies are made good by the next renewal of the claim.</summary>
public sealed record BuildCancelRequested
{
    public required Guid BuildId { get; init; }
    public required string By { get; init; }
    public required DateTimeOffset At { get; init; }
}
