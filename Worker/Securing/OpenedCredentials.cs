using Builds.Worker.Images;
using Builds.Worker.Sources;

namespace Builds.Worker.Securing;

/// <summary>What one build may use, in clear: it never leaves the process but to its own host.</summary>
/// <param name="Registries">By canonical registry host.</param>
public sealed record OpenedCredentials(GitCredential? Git, IReadOnlyDictionary<string, RegistryCredential> Registries)
{
    public static OpenedCredentials None { get; } = new(null, new Dictionary<string, RegistryCredential>());

    /// <summary>What must never be seen in a log.</summary>
    public IEnumerable<string> Secrets =>
        Registries.Values.SelectMany(registry => new[] { registry.Password, registry.Token })
            .Concat([Git?.Password, Git?.Token, Git?.PrivateKey])
            .OfType<string>();
}
