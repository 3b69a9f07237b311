using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Building;

/// <summary>The <c>BuildLog</c> section of configuration.</summary>
public sealed class BuildLogOptions
{
    /// <summary>Bytes of one line; the rest of a longer one is counted and left out.</summary>
    [Range(256, 1024 * 1024)]
    public int LongestLine { get; init; } = 64 * 1024;

    /// <summary>Bytes of output of one attempt; what comes later is left out, and the build goes on.</summary>
    [Range(64 * 1024, 16L * 1024 * 1024 * 1024)]
    public long MostBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Minutes without a byte of output, after which the build is ended.</summary>
    [Range(1, 24 * 60)]
    public int SilenceMinutes { get; init; } = 30;
}
