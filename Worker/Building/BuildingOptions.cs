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

    /// <summary>Seconds that running builds get at a shutdown before they are given back to be built elsewhere.</summary>
    [Range(0, 4 * 60 * 60)]
    public int DrainSeconds { get; init; } = 600;
}

/// <summary>The <c>Limits</c> section of configuration: minutes that a build and each of its phases may take.</summary>
public sealed class LimitOptions
{
    /// <summary>The whole build; a request may ask for less.</summary>
    [Range(1, 200)] // below the broker's consumer_timeout of 240 minutes
    public int BuildMinutes { get; init; } = 120;

    /// <summary>Until a machine answers, all tries together.</summary>
    [Range(1, 200)]
    public int ProvisioningMinutes { get; init; } = 30;

    [Range(1, 200)]
    public int CheckingOutMinutes { get; init; } = 20;

    [Range(1, 200)]
    public int PullingBasesMinutes { get; init; } = 30;

    [Range(1, 200)]
    public int BuildingMinutes { get; init; } = 120;

    [Range(1, 200)]
    public int PushingMinutes { get; init; } = 30;
}
