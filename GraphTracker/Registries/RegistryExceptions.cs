namespace Builds.GraphTracker.Registries;

/// <summary>A registry did not answer, or said that it cannot, or not to us: it is asked again later.</summary>
public sealed class RegistryUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The registry is well and refuses this one request; about anything else it may be asked.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>The credentials are wrong: nothing is answered until a setting changes.</summary>
    public bool IsDenied { get; init; }

    /// <summary>How long it asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The registry does not have this manifest, or not any more.</summary>
public sealed class ManifestGoneException(string message) : Exception(message);

/// <summary>What lies under a digest is not what it says, or of no use.</summary>
public sealed class ManifestBadException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// Something was missing or damaged, as while a registry copies or restores it; all else will not get better.
    /// </summary>
    public bool MayPass { get; init; }
}

/// <summary>No setting knows this registry, so it is not asked.</summary>
public sealed class UnknownRegistryException(string message) : Exception(message);
