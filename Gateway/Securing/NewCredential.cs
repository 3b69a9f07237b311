using System.Text.Json;
using System.Text.RegularExpressions;
using Builds.Gateway.Describing;

namespace Builds.Gateway.Securing;

public enum CredentialKind
{
    GitBasic,
    GitToken,
    GitSsh,
    RegistryBasic,
    RegistryToken,
}

/// <summary>
/// The body of <c>PUT /v1/credentials/{name}</c>: the secret itself, or <c>sealed</c>, where a client has sealed
/// <c>{"kind", "host", "username"?, "password"?, "token"?, "privateKey"?, "knownHosts"?}</c> by itself.
/// </summary>
public sealed partial record NewCredential
{
    /// <summary>Whose definitions may name it; <c>*</c>, which an admin may write, is everybody's.</summary>
    public required string Namespace { get; init; }

    public required CredentialKind Kind { get; init; }

    /// <summary>The only <c>host[:port]</c> it is ever sent to.</summary>
    public required string Host { get; init; }

    public string? Username { get; init; }
    public string? Password { get; init; }
    public string? Token { get; init; }

    /// <summary>For gitSsh: in PEM, without a passphrase.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>For gitSsh: the host's keys in the form of known_hosts. Others are refused.</summary>
    public string? KnownHosts { get; init; }

    public string? Sealed { get; init; }

    public static bool IsGit(CredentialKind kind) => kind <= CredentialKind.GitSsh;

    /// <summary>What is sealed, and later opened by a worker.</summary>
    public byte[] Secret(JsonSerializerOptions json) => JsonSerializer.SerializeToUtf8Bytes(
        new Payload(Kind, Host, Username, Password, Token, PrivateKey, KnownHosts), json);

    public void Check()
    {
        if (Namespace != "*" && !Names.IsNamespace(Namespace))
            throw RefusedException.Bad("namespace", $"namespace must be {Names.NamespaceWords}.");
        if (!HostPattern().IsMatch(Host))
            throw RefusedException.Bad("host", "host must be host or host:port in lower case, without scheme or path.");

        string[] needed = Sealed is not null ? ["sealed"] : Kind switch
        {
            CredentialKind.GitBasic or CredentialKind.RegistryBasic => ["username", "password"],
            CredentialKind.GitSsh => ["privateKey", "knownHosts"],
            _ => ["token"],
        };
        foreach (var (name, value) in Secrets())
            CheckPresence(name, value, needed);
        if (PrivateKey is not null && !PrivateKeyPattern().IsMatch(PrivateKey))
            throw RefusedException.Bad("privateKey", "privateKey must be a private key in PEM or OpenSSH form.");
        if (KnownHosts is not null && !KnownHostPattern().IsMatch(KnownHosts))
            throw RefusedException.Bad("knownHosts", "knownHosts must have lines of host, type and key.");
    }

    private (string Name, string? Value)[] Secrets() =>
    [
        ("username", Username), ("password", Password), ("token", Token),
        ("privateKey", PrivateKey), ("knownHosts", KnownHosts), ("sealed", Sealed),
    ];

    private void CheckPresence(string name, string? value, string[] needed)
    {
        var kind = Sealed is not null
            ? "that is sealed"
            : $"of kind {JsonNamingPolicy.CamelCase.ConvertName(Kind.ToString())}";
        if (needed.Contains(name) && string.IsNullOrEmpty(value))
            throw RefusedException.Bad(
                name, $"{name} is missing: a credential {kind} needs {string.Join(" and ", needed)}.");
        if (!needed.Contains(name) && value is not null)
            throw RefusedException.Bad(name, $"{name} does not belong to a credential {kind}: leave it out.");
    }

    private sealed record Payload(
        CredentialKind Kind,
        string Host,
        string? Username,
        string? Password,
        string? Token,
        string? PrivateKey,
        string? KnownHosts);

    [GeneratedRegex(@"\A([a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?\z")]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\A\s*-----BEGIN [A-Z ]*PRIVATE KEY-----\s[\s\S]+-----END [A-Z ]*PRIVATE KEY-----\s*\z")]
    private static partial Regex PrivateKeyPattern();

    [GeneratedRegex(@"^[^#\s]\S*[ \t]+(ssh-|ecdsa-|sk-)\S+[ \t]+[A-Za-z0-9+/=]{16,}", RegexOptions.Multiline)]
    private static partial Regex KnownHostPattern();
}
