using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Notifying;

/// <summary>
/// Brings out the mails that are due. A mail leaves the store once the server has accepted it; a server that is away
/// delays mails and nothing else. Killed between its acceptance and our note, one goes out twice, under one Message-ID.
/// </summary>
public sealed partial class Postman(
    GatewayStore store, Letters letters, IOptions<MailOptions> options, TimeProvider clock, ILogger<Postman> logger)
    : BackgroundService
{
    private const int Together = 100;
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
                if (await BringDueAsync(stoppingToken) == Together)
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

    private const string SelectDue = """
        select id as Id, address as Address, name as Name, tries as Tries from mail
         where due_at <= @now order by due_at, id limit @Together
        """;

    private async Task<int> BringDueAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var due = store.Read(db => db.Query<WaitingMail>(SelectDue, new { now, Together }).AsList());
        if (due.Count == 0)
            return 0;

        using var server = await MailConnection.OpenAsync(options.Value, cancel);
        foreach (var mail in due)
            await BringAsync(server, mail, cancel);
        await ByeAsync(server);
        return due.Count;
    }

    private const string Try = "update mail set tried_at = @now, tries = tries + 1, due_at = @retryAt where id = @Id";

    private async Task BringAsync(MailConnection server, WaitingMail mail, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var retryAt = (now + options.Value.RetryAfter(mail.Tries)).ToUnixTimeMilliseconds();
        // Before it is written: what is told from now on goes into the next.
        var attempt = new { mail.Id, now = now.ToUnixTimeMilliseconds(), retryAt };
        await store.WriteAsync(db => db.Execute(Try, attempt), cancel);
        if (letters.Write(mail) is not { } message)
        {
            await store.WriteAsync(db => db.Execute(Delete, mail), cancel);
            Log.Needless(logger, mail.Address);
            return;
        }

        var answer = await server.SendAsync(message, cancel);
        await NoteAsync(mail, answer, CancellationToken.None); // accepted is accepted, whoever wants to stop
    }

    private const string Delete = "delete from mail where id = @Id";

    private const string NoteSent = """
        insert into addressee (mail, sent_at) values (@Address, @now)
            on conflict (mail) do update set sent_at = excluded.sent_at, refused_at = null, refusal = null
        """;

    private const string NoteRefused = """
        insert into addressee (mail, refused_at, refusal) values (@Address, @now, @Reason)
            on conflict (mail) do update set refused_at = excluded.refused_at, refusal = excluded.refusal
        """;

    private const string NoteError = "update mail set error = @Reason where id = @Id";

    private async Task NoteAsync(WaitingMail mail, MailAnswer answer, CancellationToken cancel)
    {
        var facts = new { mail.Id, mail.Address, answer.Reason, now = clock.GetUtcNow().ToUnixTimeMilliseconds() };
        await store.WriteAsync(db =>
        {
            if (answer.Accepted || answer.ForGood)
            {
                db.Execute(answer.Accepted ? NoteSent : NoteRefused, facts);
                db.Execute(Delete, facts);
            }
            else
            {
                db.Execute(NoteError, facts);
            }
        }, cancel);
        if (answer.Accepted)
            Log.Sent(logger, mail.Address);
        else
            Log.Refused(logger, mail.Address, answer.ForGood ? "for good" : "for now", answer.Reason);
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
