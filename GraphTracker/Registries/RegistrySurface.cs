using System.ComponentModel.DataAnnotations;
using Builds.Contracts;

namespace Builds.GraphTracker.Registries;

// The agreed surface of this slice, for the branch that is written beside it: it goes when the real one is merged.

/// <summary>The <c>Registries</c> section of configuration.</summary>
public sealed class RegistryOptions
{
    /// <summary>The registry of an image that names none: <c>host[:port]</c> as people write it in a Dockerfile.</summary>
    [Required]
    public string Default { get; init; } = null!;
}

/// <summary>It does not answer, or not now: try again later.</summary>
public sealed class RegistryUnavailableException(string message) : Exception(message);

/// <summary>There is nothing under this digest.</summary>
public sealed class ManifestGoneException(string message) : Exception(message);

/// <summary>What is there cannot be used; with the reason.</summary>
public sealed class ManifestBadException(string message) : Exception(message);

/// <summary>No setting knows that host.</summary>
public sealed class UnknownRegistryException(string message) : Exception(message);

/// <summary>The registries' HTTP API.</summary>
public sealed class RegistryClient
{
    public Task<string?> DigestOfAsync(ImageReference image, string tag, CancellationToken cancel) =>
        Task.FromException<string?>(Unknown(image));

    public Task<SeenManifest> ReadAsync(ImageReference image, string digest, CancellationToken cancel) =>
        Task.FromException<SeenManifest>(Unknown(image));

    private static UnknownRegistryException Unknown(ImageReference image) =>
        new($"No setting knows the registry {image.Registry}.");
}
