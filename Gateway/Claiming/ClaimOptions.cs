using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Claiming;

/// <summary>The <c>Claims</c> section of configuration. Durations are seconds.</summary>
public sealed class ClaimOptions
{
    /// <summary>
    /// A claim that was not renewed for so long, while this Gateway could be reached, is dead. Workers renew every
    /// 15 s.
    /// </summary>
    [Range(0.5, 3600)]
    public double RenewalLimitSeconds { get; init; } = 60;

    /// <summary>How often dead claims and lost messages are looked for.</summary>
    [Range(0.1, 300)]
    public double SweepSeconds { get; init; } = 5;

    /// <summary>So many attempts may be lost by the service; then the build is errored.</summary>
    [Range(1, 20)]
    public int LostLimit { get; init; } = 3;

    /// <summary>Pause before a build is sent again after its first lost attempt.</summary>
    [Range(0, 3600)]
    public double FirstPauseSeconds { get; init; } = 5;

    /// <summary>Pause after each further lost attempt.</summary>
    [Range(0, 3600)]
    public double FurtherPauseSeconds { get; init; } = 30;

    /// <summary>
    /// A build whose message was sent so long ago is sent again if no message waits for the workers. One too many is
    /// harmless.
    /// </summary>
    [Range(0.5, 86400)]
    public double QueuedLongSeconds { get; init; } = 60;

    /// <summary>How long a worker has to publish the outcome that it was granted, before the Gateway does.</summary>
    [Range(0.1, 3600)]
    public double CompletedGraceSeconds { get; init; } = 10;

    public TimeSpan RenewalLimit => TimeSpan.FromSeconds(RenewalLimitSeconds);
    public TimeSpan Sweep => TimeSpan.FromSeconds(SweepSeconds);
    public TimeSpan QueuedLong => TimeSpan.FromSeconds(QueuedLongSeconds);
    public TimeSpan CompletedGrace => TimeSpan.FromSeconds(CompletedGraceSeconds);

    public TimeSpan PauseAfter(long lost) =>
        TimeSpan.FromSeconds(lost <= 1 ? FirstPauseSeconds : FurtherPauseSeconds);
}
