using Builds.Contracts;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Notifying;

/// <summary>
/// What people are told: that an image fell behind, and that its rebuild failed or is held up. Written down in the same
/// write as the flag, into the one mail to each person that has not gone out yet.
/// </summary>
public sealed class Notices(IOptions<MailOptions> options, TimeProvider clock)
{
    private const string SelectRecipients = """
        select mail as Mail, min(name) as Name from member
         where namespace in (@ns, '*') and role <> 'viewer' group by mail
        """;

    private const string OpenMail = """
        insert into mail (id, address, name, due_at, written_at) values (@id, @Mail, @Name, @dueAt, @now)
            on conflict (address) where tried_at is null do nothing
        """;

    private const string AddItem = """
        insert or ignore into mail_item (mail, registry, repository, tag)
        select id, @Registry, @Repository, @Tag from mail where address = @Mail and tried_at is null
        """;

    /// <param name="before">What was said of this tag before; null where it was current.</param>
    public void Add(SqliteConnection db, ImageOutdated flag, ImageOutdated? before)
    {
        if (!options.Value.IsOn || !IsNews(flag, before))
            return;
        var now = clock.GetUtcNow();
        var ns = BuildQueue.NamespaceOf(flag.Image.Repository);
        foreach (var person in db.Query<Recipient>(SelectRecipients, new { ns }).AsList())
        {
            db.Execute(OpenMail, new
            {
                id = Guid.CreateVersion7(now).ToString(), person.Mail, person.Name,
                dueAt = (now + options.Value.Settle).ToUnixTimeMilliseconds(), now = now.ToUnixTimeMilliseconds(),
            });
            db.Execute(AddItem, new { flag.Image.Registry, flag.Image.Repository, flag.Tag, person.Mail });
        }
    }

    private static bool IsNews(ImageOutdated flag, ImageOutdated? before) =>
        before is null || (IsHeldUp(flag) && (!IsHeldUp(before) || flag.BuildId != before.BuildId));

    private static bool IsHeldUp(ImageOutdated flag) =>
        flag.Outlook is OutdatedOutlook.Failed or OutdatedOutlook.Blocked;

    private sealed record Recipient
    {
        public required string Mail { get; init; }
        public required string Name { get; init; }
    }
}
