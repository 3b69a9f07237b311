using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Notifying;

/// <param name="IsOn">Whether there is a mail server in the settings; without one no mail is written.</param>
/// <param name="Waiting">Mails that were not accepted yet.</param>
/// <param name="Problem">Why the server cannot be used at the moment.</param>
/// <param name="LastError">What the server last answered to one of those that wait.</param>
/// <param name="Postponed">Mails that wait because it refused them, for a reason that may go away.</param>
/// <param name="Refused">
/// Addresses whose last mail was refused for good or given up, the latest first; at most 100.
/// </param>
public sealed record SeenMail(
    bool IsOn, long Waiting, DateTimeOffset? OldestAt, string? Problem, string? LastError,
    long Postponed, IReadOnlyList<RefusedAddress> Refused);

public sealed record RefusedAddress(string Mail, DateTimeOffset At, string Why);

/// <summary><c>GET /v1/mail</c>: for the operator.</summary>
public sealed class SeeMail(GatewayStore store, Postman postman, IOptions<MailOptions> options)
{
    private const string CountWaiting = "select count(*) from mail";

    private const string SelectOldest = "select min(written_at) from mail";

    private const string SelectError = "select error from mail where error is not null order by due_at desc limit 1";

    private const string CountPostponed = "select count(*) from mail where refused_at is not null";

    private const string SelectRefused = """
        select mail as Mail, refused_at as At, refusal as Why from addressee
         where refused_at is not null order by refused_at desc limit 100
        """;

    public SeenMail Handle() => store.Read(db => new SeenMail(
        options.Value.IsOn,
        db.ExecuteScalar<long>(CountWaiting),
        db.ExecuteScalar<long?>(SelectOldest) is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
        postman.Problem,
        db.ExecuteScalar<string?>(SelectError),
        db.ExecuteScalar<long>(CountPostponed),
        [.. db.Query<(string Mail, long At, string Why)>(SelectRefused).Select(one =>
            new RefusedAddress(one.Mail, DateTimeOffset.FromUnixTimeMilliseconds(one.At), one.Why))]));
}
