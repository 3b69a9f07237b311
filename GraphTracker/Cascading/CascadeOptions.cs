using System.ComponentModel.DataAnnotations;

namespace Builds.GraphTracker.Cascading;

/// <summary>The <c>Cascades</c> section of configuration.</summary>
public sealed class CascadeOptions
{
    /// <summary>Seconds without a further move of a base before what stands on it is rebuilt; 0 = at once.</summary>
    [Range(0, 86_400)]
    public int SettleSeconds { get; init; } = 60;

    /// <summary>Seconds after which a base that never settles is taken as it is.</summary>
    [Range(0, 604_800)]
    public int SettleLimitSeconds { get; init; } = 600;

    /// <summary>
    /// Rebuilds that are asked for and whose build has not ended, of all cascades together: people's builds have the
    /// rest.
    /// </summary>
    [Range(1, 10_000)]
    public int MostAtOnce { get; init; } = 4;

    /// <summary>Storeys over the image whose push began it; what is higher is only flagged.</summary>
    [Range(1, 1_000)]
    public int MostDepth { get; init; } = 32;

    /// <summary>Images that one cascade rebuilds; further ones are only flagged.</summary>
    [Range(1, 1_000_000)]
    public int MostImages { get; init; } = 10_000;

    /// <summary>Minutes after which the Gateway is asked what has become of a rebuild.</summary>
    [Range(1, 1_440)]
    public int OverdueMinutes { get; init; } = 10;

    /// <summary>Minutes between two looks at all definitions, for what was missed.</summary>
    [Range(1, 10_080)]
    public int ResyncMinutes { get; init; } = 60;
}
