namespace Builds.GraphTracker.Registries;
public sealed class RegistryOptions { public string Default { get; init; } = ""; }
