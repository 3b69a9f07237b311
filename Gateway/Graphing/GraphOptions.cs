using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Graphing;

/// <summary>The <c>Graph</c> section of configuration: how GraphTracker is asked.</summary>
public sealed class GraphOptions
{
    /// <summary>Seconds that a question waits for GraphTracker before it is answered with 503.</summary>
    [Range(0.1, 300)]
    public double PatienceSeconds { get; init; } = 10;

    /// <summary>Seconds that <c>/v1/registries</c> waits for it; without its answer the rest is shown alone.</summary>
    [Range(0.1, 300)]
    public double DoctorSeconds { get; init; } = 2;

    public TimeSpan Patience => TimeSpan.FromSeconds(PatienceSeconds);
    public TimeSpan Doctor => TimeSpan.FromSeconds(DoctorSeconds);
}
