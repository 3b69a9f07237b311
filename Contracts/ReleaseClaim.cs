namespace Builds.Contracts;

/// <summary>
/// This worker gives the build back: it drains, or the service was at fault. The Gateway sends it again.
/// </summary>
public sealed record ReleaseClaim
{
    public required Guid BuildId { get; init; }
    public required int Attempt { get; init; }
    public required string Reason { get; init; }

    /// <summary>Service where the attempt counts as lost; left out where the worker merely drains.</summary>
    public FailureClass? Class { get; init; }

    /// <summary>How many <see cref="BuildLog"/> batches this attempt published.</summary>
    public required int LogBatches { get; init; }
}

/// <summary>Answer to <see cref="ReleaseClaim"/>.</summary>
public sealed record ClaimRelease
{
    /// <summary>False where the claim had passed to another already.</summary>
    public required bool Granted { get; init; }
}
