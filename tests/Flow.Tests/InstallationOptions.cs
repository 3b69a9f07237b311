using Builds.Parts;

namespace Builds.Flow.Tests;

public sealed record InstallationOptions
{
    /// <summary>engine, dockerd or docker-machine.</summary>
    public string Provider { get; init; } = "engine";

    public int Workers { get; init; } = 1;

    /// <summary>Given the proxy that everybody but the test reaches the registry through.</summary>
    public Action<FaultProxy>? BehindProxy { get; init; }

    public RegistryOptions? Registry { get; init; }
    public GitServerOptions? Git { get; init; }
    public IReadOnlyDictionary<string, string> GatewaySettings { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> WorkerSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>With GraphTracker, and with a registry that notifies the Gateway.</summary>
    public bool Graph { get; init; }

    public IReadOnlyDictionary<string, string> GraphTrackerSettings { get; init; } = new Dictionary<string, string>();
}
