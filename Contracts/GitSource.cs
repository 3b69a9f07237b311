namespace Builds.Contracts;

/// <summary>What is checked out, and what of it is built.</summary>
public sealed record GitSource
{
    /// <summary>https, http or ssh URL, or <c>user@host:path</c>; never with a password in it.</summary>
    public required string Git { get; init; }

    /// <summary>A branch, a tag or a full commit id.</summary>
    public required string Ref { get; init; }

    /// <summary>
    /// The full commit id to build, where it is known already; the tip of <see cref="Ref"/> otherwise.
    /// </summary>
    public string? Commit { get; init; }

    /// <summary>
    /// Path of the Dockerfile from the root of the repository; <c>Dockerfile</c> in the context where left out.
    /// </summary>
    public string? Dockerfile { get; init; }

    /// <summary>Folder of the build context from the root of the repository; <c>.</c> where left out.</summary>
    public string? Context { get; init; }

    /// <summary>Check out submodules too; the credentials go to their own host only.</summary>
    public bool? Submodules { get; init; }
}
