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

    [Range(1, 200)]
    public int CheckingOutMinutes { get; init; } = 20;

    [Range(1, 200)]
    public int PullingBasesMinutes { get; init; } = 30;

    [Range(1, 200)]
    public int BuildingMinutes { get; init; } = 120;

    [Range(1, 200)]
    public int PushingMinutes { get; init; } = 30;
}
