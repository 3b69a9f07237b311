namespace Builds.Contracts;

/// <summary>A repository in a registry, without tag or digest.</summary>
public sealed record ImageReference
{
    /// <summary>
    /// The canonical <c>host[:port]</c> as people write it in a Dockerfile; the configured default where left out.
    /// </summary>
    public string? Registry { get; init; }

    /// <summary>For example <c>team/api</c>: lower case, at most 255 characters (distribution specification).</summary>
    public required string Repository { get; init; }
}
