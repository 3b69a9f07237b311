using System.Text;
using Builds.Contracts;
using Builds.Gateway.Tests.Flagging;
using Builds.Gateway.Tests.Following;
using Builds.Parts;
using MimeKit;

namespace Builds.Gateway.Tests.Notifying;

public sealed class When_people_are_told
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_get_one_mail_about_all_their_images()
    {
        var (owner, viewer, admin) = (New("owner"), New("viewer"), New("admin"));
        var ns = await MembersAsync((owner, "owner"), (viewer, "viewer"));
        var another = $"{ns}x"; // which a mail lists after it
        await PutAsync(another, (owner, "owner"));
        await PutAsync("*", (admin, "contributor"));
        await _gateway.Mail.StopAsync(); // none goes out before all is said
        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/api") with { Next = "<b>a rebuild</b> is queued", BuildId = Guid.NewGuid() });
        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/web") with { Through = "registry.test:5000/x/y:1", Outlook = OutdatedOutlook.Pinned });
        await Told.OutdatedAsync(_gateway, Told.Flag($"{another}/job"));
        await _gateway.Mail.StartAgainAsync();

        var (raw, mail) = await MailAsync(owner);
        await MailAsync(admin);
        await Wait.UntilAsync("nothing to wait", async () => (int)(await _gateway.Admin.GetAsync("v1/mail")).Json["waiting"]! == 0);
        await PutAsync("*");

        Assert.That((raw.From, raw.IsProtected, raw.User), Is.EqualTo(("builds@builds.test", true, MailServer.User)));
        Assert.That(mail.Subject, Does.Contain($"{ns}/api:latest and 2 more: outdated"));
        Assert.That(mail.TextBody, Does.Contain($"{another}/job"));
        Assert.That(_gateway.Mail.To(owner), Has.Count.EqualTo(1));
        Assert.That(mail.MessageId, Does.EndWith("@builds.test"));
        Assert.That(mail.TextBody, Does.Contain($"registry.test:5000/library/os:1 moved {Told.Digest('a')} → {Told.Digest('b')}"));
        Assert.That(mail.TextBody, Does.Contain("directly, known by build record").And.Contain("through registry.test:5000/x/y:1"));
        Assert.That(mail.TextBody, Does.Contain("<b>a rebuild</b> is queued"));
        Assert.That(mail.HtmlBody, Does.Contain("&lt;b&gt;a rebuild&lt;/b&gt; is queued").And.Not.Contain("<b>a"));
        Assert.That(_gateway.Mail.To(viewer), Is.Empty);
    }

    [Test]
    public async Task Should_be_told_once_and_again_when_the_rebuild_fails()
    {
        var owner = New("owner");
        var ns = await MembersAsync((owner, "owner"));
        var flag = Told.Flag($"{ns}/api");
        await Told.OutdatedAsync(_gateway, flag);
        await MailAsync(owner);

        await Told.OutdatedAsync(_gateway, flag with { Next = "a rebuild runs" }); // no news
        await Told.OutdatedAsync(_gateway, flag with
        {
            Next = "its rebuild has failed", Outlook = OutdatedOutlook.Failed, BuildId = Guid.NewGuid(),
        });
        var (_, second) = await MailAsync(owner, count: 2);

        Assert.That(second.Subject, Does.Contain("1 not rebuilt"));
        Assert.That(second.TextBody, Does.Contain("its rebuild has failed"));
    }

    [Test]
    public async Task Should_read_how_far_the_rebuild_is_and_why_it_failed()
    {
        var owner = New("owner");
        var ns = await MembersAsync((owner, "owner"));
        var build = await LedBuild.BeginAsync(_gateway, $"{ns}/api", "latest");
        var flag = Told.Flag($"{ns}/api") with { BuildId = build.Id };
        await Told.OutdatedAsync(_gateway, flag);
        var (_, first) = await MailAsync(owner);

        await build.ConcludeAsync(BuildOutcome.Failed, 0, "RUN make ended with 2");
        await Told.OutdatedAsync(_gateway, flag with { Next = "its rebuild has failed", Outlook = OutdatedOutlook.Failed });
        var (_, second) = await MailAsync(owner, count: 2);

        Assert.That(first.TextBody, Does.Contain("  rebuild: running"));
        Assert.That(second.TextBody, Does.Contain("  rebuild: failed: RUN make ended with 2"));
    }

    [Test]
    public async Task Should_not_be_told_by_a_mail_that_waits_once_they_may_not_write_any_more()
    {
        var (stays, demoted, removed) = (New("stays"), New("demoted"), New("removed"));
        var ns = await MembersAsync((stays, "owner"), (demoted, "owner"), (removed, "contributor"));
        await _gateway.Mail.StopAsync();
        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/api"));
        await PutAsync(ns, (stays, "owner"), (demoted, "viewer"));
        await _gateway.Mail.StartAgainAsync();

        await MailAsync(stays);
        await Wait.UntilAsync("nothing to wait", async () => (int)(await _gateway.Admin.GetAsync("v1/mail")).Json["waiting"]! == 0);

        Assert.That(_gateway.Mail.To(demoted), Is.Empty);
        Assert.That(_gateway.Mail.To(removed), Is.Empty);
    }

    [Test]
    public async Task Should_wait_for_a_server_that_is_away_and_leave_out_what_was_repaired_meanwhile()
    {
        var owner = New("owner");
        var ns = await MembersAsync((owner, "owner"));
        await _gateway.Mail.StopAsync();
        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/repaired"));
        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/first"));
        await Wait.UntilAsync("the doctor to know", async () =>
            (string?)(await _gateway.Admin.GetAsync("v1/mail")).Json["problem"] is not null);
        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/second"));
        await Told.CurrentAsync(_gateway, $"{ns}/repaired");
        await _gateway.Process.KillAsync();
        await _gateway.Process.StartAgainAsync();
        await _gateway.Mail.StartAgainAsync();

        var (_, mail) = await MailAsync(owner);

        Assert.That(mail.TextBody, Does.Contain($"{ns}/first").And.Contain($"{ns}/second").And.Not.Contain("repaired"));
        await Wait.UntilAsync("nothing to wait", async () => (int)(await _gateway.Admin.GetAsync("v1/mail")).Json["waiting"]! == 0);
        Assert.That(_gateway.Mail.To(owner), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_try_again_what_is_refused_for_now_and_note_what_is_refused_for_good()
    {
        var (later, refused) = (New("later"), New("refused"));
        var ns = await MembersAsync((later, "owner"), (refused, "owner"));

        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/api"));
        await MailAsync(later);
        var member = await Wait.ForAsync("the refusal", async () =>
            (await _gateway.Admin.GetAsync($"v1/namespaces/{ns}/members")).Json["members"]!.AsArray()
                .FirstOrDefault(one => (string?)one!["mail"] == refused && one["refusal"] is not null));

        Assert.That((string?)member["refusal"], Does.Contain("550").And.Contain("nobody of that name"));
        await Wait.UntilAsync("nothing to wait", async () => (int)(await _gateway.Admin.GetAsync("v1/mail")).Json["waiting"]! == 0);
        Assert.That(_gateway.Mail.To(later), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_be_known_as_the_same_mail_where_nobody_knows_whether_it_was_accepted()
    {
        var silent = New("silent");
        var ns = await MembersAsync((silent, "owner"));
        _gateway.Mail.Silence = true;
        await Told.OutdatedAsync(_gateway, Told.Flag($"{ns}/api"));
        var (_, first) = await MailAsync(silent);

        await _gateway.Process.KillAsync();
        _gateway.Mail.Silence = false;
        await _gateway.Process.StartAgainAsync();
        var (_, second) = await MailAsync(silent, count: 2);

        Assert.That(second.MessageId, Is.EqualTo(first.MessageId));
    }

    private async Task<(ReceivedMail Raw, MimeMessage Mail)> MailAsync(string address, int count = 1)
    {
        await Wait.UntilAsync($"{count} mails to {address}", () => _gateway.Mail.To(address).Count >= count);
        var raw = _gateway.Mail.To(address)[count - 1];
        return (raw, await MimeMessage.LoadAsync(new MemoryStream(Encoding.UTF8.GetBytes(raw.Source))));
    }

    private async Task<string> MembersAsync(params (string Mail, string Role)[] members)
    {
        var ns = $"told-{Guid.NewGuid():N}";
        await PutAsync(ns, members);
        return ns;
    }

    private async Task PutAsync(string ns, params (string Mail, string Role)[] members)
    {
        var answer = await _gateway.Admin.PutAsync($"v1/namespaces/{ns}/members", new
        {
            members = members.Select(member => new { name = "Somebody", mail = member.Mail, role = member.Role }),
        });
        Assert.That((int)answer.Status, Is.EqualTo(200), answer.Text);
    }

    private static string New(string name) => $"{name}-{Guid.NewGuid():N}@example.org";
}
