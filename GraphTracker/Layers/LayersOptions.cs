using System.ComponentModel.DataAnnotations;

namespace Builds.GraphTracker.Layers;

/// <summary>The <c>Layers</c> section of configuration.</summary>
public sealed class LayersOptions
{
    /// <summary>How many questions are put to one registry at the same time; one while it does not answer.</summary>
    [Range(1, 64)]
    public int QuestionsTogether { get; init; } = 4;

    /// <summary>Seconds until a registry that did not answer is asked again; doubles each time.</summary>
    [Range(1, 3600)]
    public int FirstPauseSeconds { get; init; } = 1;

    /// <summary>The longest of those pauses in seconds.</summary>
    [Range(1, 86400)]
    public int LongestPauseSeconds { get; init; } = 60;

    internal TimeSpan Pause(long failures) => Doubled(FirstPauseSeconds, LongestPauseSeconds, failures);

    /// <summary>Until what was refused is asked again: a minute, and longer each time.</summary>
    internal static TimeSpan PauseOfRefused(long failures) => Doubled(60, 6 * 3600, failures);

    private static TimeSpan Doubled(int first, int longest, long failures) =>
        TimeSpan.FromSeconds(Math.Min(longest, first * Math.Pow(2, Math.Clamp(failures - 1, 0, 20))));
}
