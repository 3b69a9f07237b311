using System.Text.Json.Serialization;

namespace Builds.Worker.Securing;

/// <summary>One credential in clear: it never leaves the process but to its own host.</summary>
public sealed record OpenedCredential
{
    public required CredentialKind Kind { get; init; }

    /// <summary>The only host (<c>host[:port]</c>) it is for.</summary>
    public required string Host { get; init; }

    public string? Username { get; init; }
    public string? Password { get; init; }
    public string? Token { get; init; }
    public string? PrivateKey { get; init; }

    /// <summary>Lines as in OpenSSH's known_hosts: the only host keys that are accepted.</summary>
    public string? KnownHosts { get; init; }

    [JsonIgnore]
    public IEnumerable<string> Secrets => new[] { Password, Token, PrivateKey }.OfType<string>();
}

public enum CredentialKind
{
    GitBasic,
    GitToken,
    GitSsh,
    RegistryBasic,
    RegistryToken,
}

/// <summary>What one build may use.</summary>
public sealed record OpenedCredentials(OpenedCredential? Git, IReadOnlyDictionary<string, OpenedCredential> Registries)
{
    public static OpenedCredentials None { get; } = new(null, new Dictionary<string, OpenedCredential>());

    public IEnumerable<string> Secrets =>
        Registries.Values.Append(Git).OfType<OpenedCredential>().SelectMany(credential => credential.Secrets);
}
