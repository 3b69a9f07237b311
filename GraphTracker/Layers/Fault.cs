namespace Builds.GraphTracker.Layers;

/// <summary>Why a question has no answer yet.</summary>
internal sealed record Fault(FaultKind Kind, string Message)
{
    /// <summary>How long the registry asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>What is to be done about it.</summary>
internal enum FaultKind
{
    /// <summary>Of this question alone, and it may pass.</summary>
    Passing,

    /// <summary>The registry refuses this question: until somebody changes what we may see.</summary>
    Refused,

    /// <summary>The registry does not answer, whatever it is asked.</summary>
    Away,

    /// <summary>No setting knows the registry.</summary>
    Unknown,
}
