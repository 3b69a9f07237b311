using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Builds.Gateway.Notifying;

/// <summary>What the server said to a mail.</summary>
/// <param name="Accepted">It has taken it over.</param>
/// <param name="ForGood">It knows no such recipient, and will never take it.</param>
/// <param name="IsLast">It ends this connection (421), which says nothing about the mail.</param>
public sealed record MailAnswer(bool Accepted, bool ForGood, string? Reason, bool IsLast = false);

/// <summary>How long the server may take over each of its answers.</summary>
public sealed record MailLimits(TimeSpan Opening, TimeSpan Sending)
{
    /// <summary>
    /// RFC 5321 4.5.3.2.6: who hangs up on a server that examines a mail for minutes sends it once more.
    /// </summary>
    public static MailLimits Usual { get; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10));
}

/// <summary>A connection to the mail server, logged in.</summary>
public sealed class MailConnection : IDisposable
{
    private const int ServiceEnds = 421;

    private static readonly TimeSpan ByeLimit = TimeSpan.FromSeconds(2);

    private readonly SmtpClient _client = new();

    private MailConnection()
    {
    }

    /// <summary>Fails with what to look at where there is no server, no trust or no log-in.</summary>
    public static async Task<MailConnection> OpenAsync(
        MailOptions options, MailLimits limits, CancellationToken cancel)
    {
        var connection = new MailConnection();
        try
        {
            connection._client.Timeout = (int)limits.Opening.TotalMilliseconds;
            await connection.ConnectAsync(options, cancel);
            connection._client.Timeout = (int)limits.Sending.TotalMilliseconds;
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Throws where the connection breaks: nobody knows then whether the mail was accepted.</summary>
    public async Task<MailAnswer> SendAsync(MimeMessage message, CancellationToken cancel)
    {
        try
        {
            await _client.SendAsync(message, cancel);
            return new MailAnswer(true, false, null);
        }
        catch (SmtpCommandException e)
        {
            var status = (int)e.StatusCode;
            return new MailAnswer(
                false,
                Refusal.IsForGood(e.ErrorCode, status, e.Message),
                $"{status} {e.Message}",
                status == ServiceEnds);
        }
    }

    public async Task CloseAsync()
    {
        using var limit = new CancellationTokenSource(ByeLimit);
        await _client.DisconnectAsync(quit: true, limit.Token);
    }

    public void Dispose() => _client.Dispose();

    private async Task ConnectAsync(MailOptions options, CancellationToken cancel)
    {
        if (options.CaFile is { } file)
        {
            _client.CheckCertificateRevocation = false; // a private authority seldom says where its list is
            _client.ServerCertificateValidationCallback = (_, certificate, _, errors) =>
                IsTrusted(certificate, errors, file);
        }

        await _client.ConnectAsync(options.Host!, options.Port, options.Tls switch
        {
            MailTls.None => SecureSocketOptions.None,
            MailTls.StartTls => SecureSocketOptions.StartTls,
            _ => SecureSocketOptions.SslOnConnect,
        }, cancel);
        if (options.User is { } user)
            await _client.AuthenticateAsync(user, options.ThePassword ?? "", cancel);
    }

    private static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors, string file)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false; // another name than the host's, for one
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var server = new X509Certificate2(certificate);
        return chain.Build(server);
    }
}
