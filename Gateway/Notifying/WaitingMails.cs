using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Notifying;

/// <summary>A mail that waits.</summary>
public sealed record WaitingMail
{
    public required string Id { get; init; }
    public required string Address { get; init; }
    public required string Name { get; init; }
    public required long Tries { get; init; }

    /// <summary>Nobody may have accepted it: news can still be added.</summary>
    public required bool IsOpen { get; init; }

    /// <summary>When it was refused first, in milliseconds, for a reason that may go away.</summary>
    public long? RefusedAt { get; init; }
}

/// <summary>The mails that the server has not accepted, and what it said about them.</summary>
public sealed class WaitingMails(GatewayStore store, IOptions<MailOptions> options, TimeProvider clock)
{
    public const int Together = 100;

    /// <summary>RFC 5321 4.5.4.1: four to five days.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromDays(5);

    private const string SelectDue = """
        select id as Id, address as Address, name as Name, tries as Tries, tried_at is null as IsOpen,
               refused_at as RefusedAt
          from mail where due_at <= @now order by due_at, id limit @Together
        """;

    public List<WaitingMail> Due() =>
        store.Read(db => db.Query<WaitingMail>(SelectDue, new { now = Now, Together }).AsList());

    private const string Try = "update mail set tried_at = @now, tries = tries + 1, due_at = @retryAt where id = @Id";

    /// <summary>Before its text is made: what is told from now on goes into the next.</summary>
    public Task TryAsync(WaitingMail mail, CancellationToken cancel)
    {
        var retryAt = Now + (long)options.Value.RetryAfter(mail.Tries).TotalMilliseconds;
        return store.WriteAsync(db => db.Execute(Try, new { mail.Id, now = Now, retryAt }), cancel);
    }

    private const string Delete = "delete from mail where id = @Id";

    public Task DropAsync(WaitingMail mail, CancellationToken cancel) =>
        store.WriteAsync(db => db.Execute(Delete, mail), cancel);

    private const string NoteSent = """
        insert into addressee (mail, sent_at) values (@Address, @now)
            on conflict (mail) do update set sent_at = excluded.sent_at, refused_at = null, refusal = null
        """;

    public Task SentAsync(WaitingMail mail, CancellationToken cancel) => store.WriteAsync(db =>
    {
        db.Execute(NoteSent, new { mail.Address, now = Now });
        db.Execute(Delete, mail);
    }, cancel);

    private const string NoteRefused = """
        insert into addressee (mail, refused_at, refusal) values (@Address, @now, @reason)
            on conflict (mail) do update set refused_at = excluded.refused_at, refusal = excluded.refusal
        """;

    /// <summary>It will not be tried again.</summary>
    public Task EndAsync(WaitingMail mail, string? reason, CancellationToken cancel) => store.WriteAsync(db =>
    {
        db.Execute(NoteRefused, new { mail.Address, now = Now, reason });
        db.Execute(Delete, mail);
    }, cancel);

    /// <summary>Null as long as it is tried again; otherwise why not.</summary>
    public string? GivesUp(WaitingMail mail, string? reason) =>
        mail.RefusedAt is { } first && Now - first >= Patience.TotalMilliseconds
            ? $"given up after {Patience.TotalDays:0} days: {reason}"
            : null;

    private const string NoteRefusal = """
        update mail set error = @reason, refused_at = coalesce(refused_at, @now) where id = @Id
        """;

    /// <summary>It is tried again later.</summary>
    public Task RefusedAsync(WaitingMail mail, string? reason, CancellationToken cancel) => store.WriteAsync(db =>
    {
        db.Execute(NoteRefusal, new { mail.Id, reason, now = Now });
        OpenAgain(db, mail);
    }, cancel);

    private const string NotePostponed = "update mail set error = @reason, due_at = min(due_at, @dueAt) where id = @Id";

    /// <summary>Its turn comes with the next connection, or after the usual pause.</summary>
    public Task PostponedAsync(WaitingMail mail, string? reason, bool atOnce, CancellationToken cancel) =>
        store.WriteAsync(db =>
        {
            db.Execute(NotePostponed, new { mail.Id, reason, dueAt = atOnce ? Now : long.MaxValue });
            OpenAgain(db, mail);
        }, cancel);

    // Unless another was begun meanwhile: an address has one to which news are added.
    private const string Reopen = """
        update mail set tried_at = null
         where id = @Id and not exists (select 1 from mail other where other.address = mail.address
                                           and other.tried_at is null)
        """;

    // Said to be refused, it was not accepted; unless an earlier try was cut off, after which nobody knows.
    private static void OpenAgain(SqliteConnection db, WaitingMail mail)
    {
        if (mail.IsOpen)
            db.Execute(Reopen, mail);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
