using System.Text;
using System.Text.Json;

namespace Builds.Worker.Sources;

public enum GitCredentialKind
{
    /// <summary>User name and password, over https or http.</summary>
    GitBasic,

    /// <summary>An access token, sent as the password of a basic log-in, as GitHub, GitLab and Gitea take it.</summary>
    GitToken,

    /// <summary>A deploy key, and the host keys that are accepted.</summary>
    GitSsh,
}

/// <summary>What a sealed git credential says once it is opened.</summary>
/// <param name="Host">The only host it is sent to: that of the git URL, or <c>host:port</c>.</param>
/// <param name="Username">
/// For a token the name that goes with it, <c>x-access-token</c> where left out. Only GitLab's deploy tokens (their own
/// name), its OAuth tokens (<c>oauth2</c>) and Bitbucket's (<c>x-token-auth</c>) insist on one.
/// </param>
/// <param name="PrivateKey">In OpenSSH or PEM form, without a passphrase.</param>
/// <param name="KnownHosts">Lines as <c>ssh-keyscan</c> prints them. No other host key is accepted.</param>
public sealed record GitCredential(
    GitCredentialKind Kind,
    string Host,
    string? Username = null,
    string? Password = null,
    string? Token = null,
    string? PrivateKey = null,
    string? KnownHosts = null)
{
    /// <summary>Reads the payload of a sealed one: <c>{"kind":"gitBasic","host":…,"username":…}</c>.</summary>
    public static GitCredential Read(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, CheckoutJson.Default.GitCredential)
            ?? throw new JsonException("The git credential is null.");

    /// <summary>What goes into an Authorization header after <c>Basic</c>.</summary>
    internal string? Basic => Kind switch
    {
        GitCredentialKind.GitBasic => $"{Username}:{Password}",
        GitCredentialKind.GitToken => $"{Username ?? "x-access-token"}:{Token}",
        _ => null,
    };

    // A record prints its members, and what is printed ends in a log.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append($"{Kind} for {Host}");
        return true;
    }
}
