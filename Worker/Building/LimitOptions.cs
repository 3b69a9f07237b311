using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Building;

/// <summary>The <c>Limits</c> section of configuration: minutes that a build and each of its phases may take.</summary>
public sealed class LimitOptions
{
    /// <summary>The whole build; a request may ask for less.</summary>
    [Range(1, 200)] // below the broker's consumer_timeout of 240 minutes
    public int BuildMinutes { get; init; } = 120;

    /// <summary>Until a machine answers, all tries together.</summary>
    [Range(1, 200)]
    public int ProvisioningMinutes { get; init; } = 30;

    /// <summary>The checkout; Sources:TimeLimit may end it sooner.</summary>
    [Range(1, 200)]
    public int CheckingOutMinutes { get; init; } = 20;

    /// <summary>Until every base image is on the machine.</summary>
    [Range(1, 200)]
    public int PullingBasesMinutes { get; init; } = 30;

    /// <summary>What the daemon takes to build.</summary>
    [Range(1, 200)]
    public int BuildingMinutes { get; init; } = 120;

    /// <summary>Until the registry has every tag.</summary>
    [Range(1, 200)]
    public int PushingMinutes { get; init; } = 30;
}
