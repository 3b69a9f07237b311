using Builds.Gateway.Notifying;
using Builds.Parts;
using MailKit.Net.Smtp;

namespace Builds.Gateway.Tests.Notifying;

public sealed class When_a_mail_server_refuses
{
    private const double Day = 24 * 60 * 60;

    private PostOffice _office = null!;

    [SetUp]
    public async Task An_office() => _office = await PostOffice.OpenAsync();

    [TearDown]
    public async Task Closed() => await _office.DisposeAsync();

    [TestCase(SmtpErrorCode.RecipientNotAccepted, 550, "5.1.1 there is nobody of that name", true)]
    [TestCase(SmtpErrorCode.RecipientNotAccepted, 550, "5.1.10 its domain takes no mail", true)]
    [TestCase(SmtpErrorCode.RecipientNotAccepted, 550, "no such user here", true)]
    [TestCase(SmtpErrorCode.RecipientNotAccepted, 553, "no such mailbox", true)]
    [TestCase(SmtpErrorCode.RecipientNotAccepted, 550, "5.7.1 relay access denied", false)]
    [TestCase(SmtpErrorCode.RecipientNotAccepted, 550, "relay not permitted", false)]
    [TestCase(SmtpErrorCode.RecipientNotAccepted, 550, "5.1.8 the sender's domain is not there", false)]
    [TestCase(SmtpErrorCode.RecipientNotAccepted, 450, "4.1.1 not yet", false)]
    [TestCase(SmtpErrorCode.UnexpectedStatusCode, 554, "5.7.1 relay access denied", false)]
    [TestCase(SmtpErrorCode.UnexpectedStatusCode, 554, "5.1.1 this mail is not wanted", false)]
    [TestCase(SmtpErrorCode.SenderNotAccepted, 550, "5.1.1 who are you", false)]
    [TestCase(SmtpErrorCode.MessageNotAccepted, 552, "5.3.4 too large", false)]
    public void Should_believe_only_that_somebody_is_not_there(SmtpErrorCode what, int status, string words, bool forGood) =>
        Assert.That(Refusal.IsForGood(what, status, words), Is.EqualTo(forGood));

    [Test]
    public async Task Should_keep_all_mails_until_the_relay_is_set_right()
    {
        _office.Server.Refusal = "554 5.7.1 relay access denied";
        var addresses = new[] { await _office.TellAsync("one"), await _office.TellAsync("two") };
        _office.Clock.Pass(PostOffice.Settle);
        await Wait.UntilAsync("both to be refused", () => _office.Seen.Postponed == 2);

        Assert.That((_office.Seen.Waiting, _office.Seen.LastError), Is.EqualTo((2, "554 5.7.1 relay access denied")));
        Assert.That(_office.Seen.Refused, Is.Empty);

        _office.Server.Refusal = null;
        _office.Clock.Pass(Day);
        foreach (var address in addresses)
            await _office.FirstToAsync(address);
        await Wait.UntilAsync("no mail to wait", () => _office.Seen is { Waiting: 0, Postponed: 0 });
    }

    [Test]
    public async Task Should_add_to_a_refused_mail_what_comes_meanwhile()
    {
        _office.Server.Refusal = "451 4.3.0 not now";
        var address = await _office.TellAsync("more");
        _office.Clock.Pass(PostOffice.Settle);
        await Wait.UntilAsync("it to be refused", () => _office.Seen.Postponed == 1);
        await _office.NewsAsync("more", "web");

        Assert.That(_office.Seen.Waiting, Is.EqualTo(1));
        _office.Server.Refusal = null;
        _office.Clock.Pass(Day);
        var mail = await _office.FirstToAsync(address);
        Assert.That(mail.TextBody, Does.Contain("more/api:latest").And.Contain("more/web:latest"));
    }

    [Test]
    public async Task Should_give_up_after_days_and_say_so()
    {
        _office.Server.Refusal = "554 5.7.1 relay access denied";
        var address = await _office.TellAsync("patient");
        _office.Clock.Pass(PostOffice.Settle);
        await Wait.UntilAsync("it to be refused", () => _office.Seen.Postponed == 1);

        _office.Clock.Pass(5 * Day);
        await Wait.UntilAsync("the end of it", () => _office.Seen.Waiting == 0);

        var refused = _office.Seen.Refused.Single();
        Assert.That((refused.Mail, refused.Why), Is.EqualTo((address, "given up after 5 days: 554 5.7.1 relay access denied")));
    }

    [Test]
    public async Task Should_go_on_at_once_where_it_takes_a_few_mails_in_one_connection()
    {
        const int mails = 7;
        _office.Server.MostInOneConnection = 3;
        var addresses = new List<string>();
        for (var number = 0; number < mails; number++)
            addresses.Add(await _office.TellAsync($"few-{number}"));

        _office.Clock.Pass(PostOffice.Settle); // and then stands still: what were put off by a minute would not be due

        foreach (var address in addresses)
            await _office.FirstToAsync(address);
        await Wait.UntilAsync("none to wait", () => _office.Seen.Waiting == 0);
        foreach (var address in addresses)
            Assert.That(_office.Server.To(address), Has.Count.EqualTo(1), address);
        Assert.That(_office.Seen.Problem, Is.Null);
    }

    [Test]
    public async Task Should_wait_where_it_takes_none_in_a_connection()
    {
        _office.Server.MostInOneConnection = 0;
        await _office.TellAsync("none");
        _office.Clock.Pass(PostOffice.Settle);

        await Wait.UntilAsync("the operator to see it", () => _office.Seen.Problem is not null);

        Assert.That(_office.Seen.Problem, Does.Contain("421 4.7.0 enough mails in one connection"));
        Assert.That((_office.Seen.Waiting, _office.Seen.Postponed), Is.EqualTo((1, 0)));
    }
}
