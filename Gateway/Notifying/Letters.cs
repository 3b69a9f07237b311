using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Builds.Gateway.Notifying;

/// <summary>One image in a mail: its flag, and the rebuild that was asked for.</summary>
public sealed record LetterItem(ImageOutdated Flag, string? BuildState, string? BuildReason);

/// <summary>Makes a mail from what is so at this moment: what was repaired meanwhile is left out.</summary>
public sealed class Letters(GatewayStore store, Links links, IOptions<MailOptions> options, TimeProvider clock)
{
    private const string SelectItems = """
        select outdated.flag as Flag, build.state as BuildState, build.reason as BuildReason
          from mail_item
          join outdated using (registry, repository, tag)
          left join build on build.id = outdated.flag ->> '$.buildId'
         where mail_item.mail = @Id
           and exists (select 1 from member where member.mail = @Address and role <> 'viewer'
                          and namespace in (outdated.namespace, '*'))
         order by outdated.registry, outdated.repository, outdated.tag
        """;

    /// <returns>Null where nothing is left to tell this person.</returns>
    public MimeMessage? Write(WaitingMail mail)
    {
        var rows = store.Read(db => db.Query<Row>(SelectItems, mail).AsList());
        if (rows.Count == 0)
            return null;

        var items = rows.ConvertAll(row => new LetterItem(
            JsonSerializer.Deserialize<ImageOutdated>(row.Flag, BuildQueue.Json)!, row.BuildState, row.BuildReason));
        var text = new LetterText(mail.Name, items, options.Value.MostExplained, links);
        var from = options.Value.From!;
        var message = new MimeMessage
        {
            MessageId = $"{mail.Id}@{MailAddress.DomainOf(from)}",
            Date = clock.GetUtcNow(),
            Subject = text.Subject,
            Body = new BodyBuilder { TextBody = text.Plain(), HtmlBody = text.Html() }.ToMessageBody(),
        };
        message.From.Add(new MailboxAddress("Builds", from));
        message.To.Add(new MailboxAddress(mail.Name, mail.Address));
        message.Headers.Add("Auto-Submitted", "auto-generated"); // RFC 3834: nobody's absence answers it
        return message;
    }

    private sealed record Row
    {
        public required string Flag { get; init; }
        public string? BuildState { get; init; }
        public string? BuildReason { get; init; }
    }
}
