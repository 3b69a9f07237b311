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

    /// <summary>Without a byte of output, after which the build is ended; the time that it is held back in does not
    /// count.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(30);
}
