using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Building;

/// <summary>The <c>Worker</c> section of configuration.</summary>
public sealed class WorkerOptions
{
    /// <summary>How operators call this worker; unique among all of them.</summary>
    [Required, RegularExpression("^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$")]
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>Builds at the same time. The provider of machines may allow fewer.</summary>
    [Range(1, 256)]
    public int Slots { get; init; } = 2;

    /// <summary>Folder of machines and checkouts, on a local disk; one running worker per folder.</summary>
    [Required]
    public string Folder { get; init; } = null!;

    /// <summary>
    /// Seconds between renewals of a claim; the Gateway holds one dead that is not renewed for 60 s
    /// (Claims:RenewalLimitSeconds).
    /// </summary>
    [Range(1, 60)]
    public int RenewalSeconds { get; init; } = 15;

    /// <summary>
    /// Seconds that running builds get at a shutdown before they are given back to be built elsewhere.
    /// </summary>
    [Range(0, 4 * 60 * 60)]
    public int DrainSeconds { get; init; } = 600;

    /// <summary>Where sources are checked out, a folder for each attempt.</summary>
    public string Checkouts => Path.Combine(Folder, "checkouts");
}
