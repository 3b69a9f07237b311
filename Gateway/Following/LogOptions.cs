using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Following;

/// <summary>The <c>Logs</c> section of configuration.</summary>
public sealed class LogOptions
{
    /// <summary>Days that a log is kept after its last line.</summary>
    [Range(1, 36_500)]
    public int KeepDays { get; init; } = 90;

    /// <summary>Megabytes that all logs together may take, as kept (compressed); the oldest go first.</summary>
    [Range(1, 100_000_000)]
    public long KeepMegabytes { get; init; } = 20_000;

    /// <summary>Minutes between two looks at what is too old or too much.</summary>
    [Range(0.01, 1440)]
    public double SweepMinutes { get; init; } = 10;

    /// <summary>Seconds that the log of a finished build waits for lines that are still on their way.</summary>
    [Range(0, 300)]
    public double EndGraceSeconds { get; init; } = 5;

    /// <summary>Seconds that a follower of a running build waits for lines that were overtaken by later ones.</summary>
    [Range(0, 300)]
    public double GapGraceSeconds { get; init; } = 30;

    /// <summary>Seconds between two signs of life on a silent event stream.</summary>
    [Range(1, 300)]
    public double HeartbeatSeconds { get; init; } = 15;

    public TimeSpan EndGrace => TimeSpan.FromSeconds(EndGraceSeconds);
    public TimeSpan GapGrace => TimeSpan.FromSeconds(GapGraceSeconds);
    public TimeSpan Heartbeat => TimeSpan.FromSeconds(HeartbeatSeconds);
    public TimeSpan Sweep => TimeSpan.FromMinutes(SweepMinutes);
    public TimeSpan Keep => TimeSpan.FromDays(KeepDays);
}
