using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Flagging;

/// <summary>The <c>Flags</c> section of configuration.</summary>
public sealed class FlagOptions
{
    /// <summary>Minutes between two times that GraphTracker is asked for all that is outdated.</summary>
    [Range(0.01, 1440)]
    public double ResyncMinutes { get; init; } = 60;

    /// <summary>Minutes until it is asked again where it did not answer.</summary>
    [Range(0.01, 1440)]
    public double RetryMinutes { get; init; } = 1;

    public TimeSpan Resync => TimeSpan.FromMinutes(ResyncMinutes);
    public TimeSpan Retry => TimeSpan.FromMinutes(RetryMinutes);
}
