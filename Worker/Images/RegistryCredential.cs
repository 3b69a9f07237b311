namespace Builds.Worker.Images;

/// <summary>A way into one registry, opened: user and password, or a token.</summary>
/// <param name="Host">Canonical <c>host[:port]</c>; <c>docker.io</c> for Docker Hub.</param>
/// <param name="Token">Either what the registry takes as bearer, or what its token server exchanges for one (identity
/// token).</param>
public sealed record RegistryCredential(string Host, string? Username, string? Password, string? Token)
{
    public override string ToString() => $"{(Token is null ? $"user \"{Username}\"" : "a token")} for {Host}";
}
