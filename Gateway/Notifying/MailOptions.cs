using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Builds.Gateway.Notifying;

/// <summary>How the connection to the mail server is protected.</summary>
public enum MailTls
{
    /// <summary>Not at all: for a server on this host.</summary>
    None,

    /// <summary>Begun in the clear and required to change (RFC 3207), usually on port 587.</summary>
    StartTls,

    /// <summary>From the first byte (RFC 8314), usually on port 465.</summary>
    Implicit,
}

/// <summary>The <c>Mail</c> section of configuration. Without a host no mail is written.</summary>
public sealed class MailOptions : IValidatableObject
{
    public string? Host { get; init; }

    [Range(1, 65_535)]
    public int Port { get; init; } = 587;

    public MailTls Tls { get; init; } = MailTls.StartTls;

    /// <summary>PEM file of the authority of the server's certificate, where it is a private one.</summary>
    public string? CaFile { get; init; }

    /// <summary>Logs in where given.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>File with the password in its first line, read at each connection; instead of it.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The address that mails come from; required where there is a host.</summary>
    public string? From { get; init; }

    /// <summary>Seconds that news are collected before a person gets them in one mail.</summary>
    [Range(0, 86_400)]
    public double SettleSeconds { get; init; } = 60;

    /// <summary>Seconds until a server that cannot be reached is tried again; doubles up to 15 minutes.</summary>
    [Range(0.1, 900)]
    public double RetrySeconds { get; init; } = 30;

    /// <summary>
    /// Images that a mail says everything about, some 2 kB each; of all further ones it gives the name. A server that
    /// takes smaller mails needs fewer.
    /// </summary>
    [Range(1, 100_000)]
    public int MostExplained { get; init; } = 2000;

    public bool IsOn => Host is not null;
    public TimeSpan Settle => TimeSpan.FromSeconds(SettleSeconds);

    public string? ThePassword =>
        Password ?? (PasswordFile is null ? null : File.ReadLines(PasswordFile).FirstOrDefault());

    /// <summary>30 s, 1 min, 2 min … 15 min, as it is set.</summary>
    public TimeSpan RetryAfter(long tries) =>
        TimeSpan.FromSeconds(Math.Min(900, RetrySeconds * Math.Pow(2, Math.Min(tries, 20))));

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsOn)
            yield break;
        if (From is null || !MailAddress.IsOne(From))
            yield return new ValidationResult("Mail:From: give the address that mails come from, name@host.");
        if (User is not null && Password is null == PasswordFile is null)
            yield return new ValidationResult("Mail: give either Password or PasswordFile for Mail:User.");
        if (User is not null && Tls == MailTls.None && !IsLoopback(Host!))
            yield return new ValidationResult(
                "Mail:Tls is None: a password would go through the network in the clear.");
    }

    private static bool IsLoopback(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
