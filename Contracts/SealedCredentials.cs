namespace Builds.Contracts;

/// <summary>Credentials that only a worker can open: each value is a JWE in compact form (RFC 7516).</summary>
public sealed record SealedCredentials
{
    /// <summary>For the host of the git URL.</summary>
    public string? Git { get; init; }

    /// <summary>By canonical registry host.</summary>
    public IReadOnlyDictionary<string, string>? Registries { get; init; }
}
