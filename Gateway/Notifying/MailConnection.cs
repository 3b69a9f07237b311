using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Builds.Gateway.Notifying;

/// <summary>What the server said to a mail.</summary>
/// <param name="Accepted">It has taken it over.</param>
/// <param name="ForGood">It will never take it.</param>
public sealed record MailAnswer(bool Accepted, bool ForGood, string? Reason);

/// <summary>A connection to the mail server, logged in.</summary>
public sealed class MailConnection : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ByeLimit = TimeSpan.FromSeconds(2);

    private readonly SmtpClient _client = new() { Timeout = (int)Limit.TotalMilliseconds };

    private MailConnection()
    {
    }

    /// <summary>Fails with what to look at where there is no server, no trust or no log-in.</summary>
    public static async Task<MailConnection> OpenAsync(MailOptions options, CancellationToken cancel)
    {
        var connection = new MailConnection();
        try
        {
            await connection.ConnectAsync(options, cancel);
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
            // What it holds against the sender is a matter of settings, and the same for every mail.
            var isTheirs = e.ErrorCode != SmtpErrorCode.SenderNotAccepted;
            return new MailAnswer(false, isTheirs && (int)e.StatusCode >= 500, $"{(int)e.StatusCode} {e.Message}");
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
