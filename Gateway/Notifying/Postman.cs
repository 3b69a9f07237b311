using Microsoft.Extensions.Options;

namespace Builds.Gateway.Notifying;

/// <summary>
/// Brings out the mails that are due. A mail leaves the store once the server has accepted it; a server that is away
/// delays mails and nothing else. Killed between its acceptance and our note, one goes out twice, under one Message-ID.
/// </summary>
public sealed partial class Postman(
    WaitingMails mails, Letters letters, IOptions<MailOptions> options, TimeProvider clock, ILogger<Postman> logger)
    : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private int _failures;

    /// <summary>Why the server cannot be used; null where all is well.</summary>
    public string? Problem { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (options.Value.IsOn && !stoppingToken.IsCancellationRequested)
        {
            var pause = Look;
            try
            {
                if (await BringDueAsync(stoppingToken))
                    pause = TimeSpan.Zero;
                (_failures, Problem) = (0, null);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                pause = options.Value.RetryAfter(_failures++);
                Problem = e.Message;
                Log.NoServer(logger, options.Value.Host, options.Value.Port, pause.TotalSeconds, e.Message);
            }

            await Task.Delay(pause, clock, stoppingToken);
        }
    }

    /// <returns>Whether more may be due.</returns>
    private async Task<bool> BringDueAsync(CancellationToken cancel)
    {
        var due = mails.Due();
        if (due.Count == 0)
            return false;

        using var server = await MailConnection.OpenAsync(options.Value, MailLimits.Usual, cancel);
        var hasTaken = false;
        foreach (var mail in due)
        {
            if (await BringAsync(server, mail, hasTaken, cancel) is not { } answer)
                continue;
            if (answer.IsLast && !hasTaken)
                throw new IOException($"It ends the connection: {answer.Reason}");
            if (answer.IsLast)
                return true;
            if (!answer.Accepted)
                continue;
            hasTaken = true;
            _failures = 0; // many servers take a number of mails in one connection, and then hang up
        }

        await ByeAsync(server);
        return due.Count == WaitingMails.Together;
    }

    /// <returns>Null where there was nothing left to say.</returns>
    private async Task<MailAnswer?> BringAsync(
        MailConnection server, WaitingMail mail, bool hasTaken, CancellationToken cancel)
    {
        await mails.TryAsync(mail, cancel);
        if (letters.Write(mail) is not { } message)
        {
            await mails.DropAsync(mail, cancel);
            Log.Needless(logger, mail.Address);
            return null;
        }

        var answer = await server.SendAsync(message, cancel);
        await NoteAsync(mail, answer, hasTaken); // accepted is accepted, whoever wants to stop
        return answer;
    }

    private async Task NoteAsync(WaitingMail mail, MailAnswer answer, bool hasTaken)
    {
        if (answer.Accepted)
        {
            await mails.SentAsync(mail, CancellationToken.None);
            Log.Sent(logger, mail.Address);
        }
        else if (answer.IsLast)
        {
            await mails.PostponedAsync(mail, answer.Reason, atOnce: hasTaken, CancellationToken.None);
        }
        else if ((answer.ForGood ? answer.Reason : mails.GivesUp(mail, answer.Reason)) is { } end)
        {
            await mails.EndAsync(mail, end, CancellationToken.None);
            Log.Refused(logger, mail.Address, "for good", end);
        }
        else
        {
            await mails.RefusedAsync(mail, answer.Reason, CancellationToken.None);
            Log.Refused(logger, mail.Address, "for now", answer.Reason);
        }
    }

    // All that it accepted is noted; how it takes its leave is of no matter.
    private async Task ByeAsync(MailConnection server)
    {
        try
        {
            await server.CloseAsync();
        }
        catch (Exception e)
        {
            Log.NoBye(logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "A mail to {address} was accepted by the mail server")]
        public static partial void Sent(ILogger logger, string address);

        [LoggerMessage(LogLevel.Information, "A mail to {address} became needless: all of it is repaired")]
        public static partial void Needless(ILogger logger, string address);

        [LoggerMessage(LogLevel.Warning, "A mail to {address} was refused {how}: {reason}")]
        public static partial void Refused(ILogger logger, string address, string how, string? reason);

        [LoggerMessage(LogLevel.Warning,
            "The mail server {host}:{port} cannot be used (Mail); mails wait, next try in {seconds} s: {why}")]
        public static partial void NoServer(ILogger logger, string? host, int port, double seconds, string why);

        [LoggerMessage(LogLevel.Debug, "The mail server did not say goodbye: {why}")]
        public static partial void NoBye(ILogger logger, string why);
    }
}
