using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Building;

/// <summary>
/// The <c>Limits</c> section of configuration: how long a build and each of its phases may take, as <c>hh:mm:ss</c>.
/// </summary>
public sealed class LimitOptions
{
    private const string Shortest = "00:00:01";
    private const string Longest = "03:20:00"; // below the broker's consumer_timeout of four hours

    /// <summary>The whole build; a request may ask for less.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan Build { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Until a machine answers, all tries together.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan Provisioning { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The checkout; Sources:TimeLimit may end it sooner.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan CheckingOut { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>Until every base image is on the machine.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan PullingBases { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>What the daemon takes to build.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan Building { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Until the registry has every tag.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)]
    public TimeSpan Pushing { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A limit in words: minutes where it is whole minutes, seconds otherwise.</summary>
    internal static string Words(TimeSpan limit) => limit switch
    {
        { TotalMinutes: 1 } => "1 minute",
        { TotalSeconds: 1 } => "1 second",
        { TotalMinutes: > 1, Seconds: 0, Milliseconds: 0 } => $"{limit.TotalMinutes:0} minutes",
        _ => $"{limit.TotalSeconds:0.###} seconds",
    };
}
