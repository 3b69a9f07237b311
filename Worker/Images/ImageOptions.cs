using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Images;

/// <summary>Section <c>Images</c>: how Dockerfiles are read and registries are reached.</summary>
public sealed class ImageOptions
{
    /// <summary>What a <c># syntax=</c> line does.</summary>
    public FrontendChoice Frontend { get; init; } = FrontendChoice.AsWritten;

    /// <summary>Which of the daemon's builders builds.</summary>
    public BuilderChoice Builder { get; init; } = BuilderChoice.Auto;

    /// <summary>Hosts, or <c>host:port</c>, that registries may be at although their addresses are not public; also
    /// those of token servers and redirects. Everything public is allowed, and the installation's default
    /// registry.</summary>
    public IReadOnlyList<string> AllowedRegistries { get; init; } = [];

    /// <summary>Registries spoken to without TLS, as <c>host[:port]</c>; those on loopback always are, unless they are
    /// among <see cref="RegistryAuthorities"/>. The daemons have a list of their own.</summary>
    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    /// <summary>For registries with certificates of a private authority: <c>host[:port]</c> → path of a PEM file. The
    /// daemons have to trust it too.</summary>
    public IReadOnlyDictionary<string, string> RegistryAuthorities { get; init; } = new Dictionary<string, string>();

    /// <summary>Bytes of all files of a build context together, after .dockerignore.</summary>
    [Range(1L << 10, 1L << 40)]
    public long MaxContextBytes { get; init; } = 2L << 30;

    /// <summary>Files, folders and links of a build context, after .dockerignore.</summary>
    [Range(1, 10_000_000)]
    public int MaxContextFiles { get; init; } = 500_000;

    /// <summary>Seconds that one request to a registry may take; layers go through the daemon and are not
    /// meant.</summary>
    [Range(1, 600)]
    public int RegistryTimeoutSeconds { get; init; } = 30;

    /// <summary>How often a request is repeated that the registry did not answer, or answered with 429 or
    /// 5xx.</summary>
    [Range(0, 10)]
    public int RegistryRetries { get; init; } = 3;

    /// <summary>Seconds before the first repetition; doubles each time.</summary>
    [Range(0.0, 60.0)]
    public double RegistryRetrySeconds { get; init; } = 1;
}

public enum FrontendChoice
{
    /// <summary>The image that the line names reads the Dockerfile; it is resolved, pinned and recorded like a
    /// base.</summary>
    AsWritten,

    /// <summary>The daemon's own frontend does; nothing is fetched, and syntax that it does not know is an
    /// error.</summary>
    Daemon,
}

public enum BuilderChoice
{
    /// <summary>BuildKit where the daemon has it.</summary>
    Auto,
    BuildKit,
    Classic,
}
