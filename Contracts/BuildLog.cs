namespace Builds.Contracts;

/// <summary>A batch of log lines. Order is the sequence number, never the time.</summary>
public sealed record BuildLog
{
    public required Guid BuildId { get; init; }
    public required int Attempt { get; init; }

    /// <summary>From 0 in each attempt, without gaps.</summary>
    public required int Sequence { get; init; }

    public required IReadOnlyList<LogRun> Runs { get; init; }
}

/// <summary>Lines that share a step and a quarter of a second.</summary>
public sealed record LogRun
{
    public required string Step { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>Lines without their line ends.</summary>
    public required IReadOnlyList<string> Text { get; init; }
}
