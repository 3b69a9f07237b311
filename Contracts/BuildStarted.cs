namespace Builds.Contracts;

/// <summary>A worker has the claim and begins.</summary>
public sealed record BuildStarted
{
    public required Guid BuildId { get; init; }
    public required int Attempt { get; init; }
    public required string Worker { get; init; }

    /// <summary>Name of the machine, chosen before it exists.</summary>
    public required string Machine { get; init; }

    public required DateTimeOffset StartedAt { get; init; }
}
