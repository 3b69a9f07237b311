using System.Security.Cryptography;
using Builds.Gateway.Notifying;
using Builds.Parts;
using MailKit.Security;
using MimeKit;

namespace Builds.Gateway.Tests.Notifying;

public sealed class When_a_mail_server_is_connected_to
{
    [TestCase("none", MailTls.None)]
    [TestCase("startTls", MailTls.StartTls)]
    [TestCase("implicit", MailTls.Implicit)]
    public async Task Should_deliver_however_it_is_protected(string server, MailTls tls)
    {
        await using var mails = await MailServer.StartAsync(server);

        using var connection = await MailConnection.OpenAsync(Options(mails, tls, logIn: tls == MailTls.StartTls), MailLimits.Usual, default);
        var answer = await connection.SendAsync(Message(), default);

        Assert.That(answer, Is.EqualTo(new MailAnswer(true, false, null)));
        Assert.That(mails.To("a@example.org").Single().IsProtected, Is.EqualTo(tls != MailTls.None));
    }

    [Test]
    public async Task Should_not_send_a_password_to_whom_it_does_not_trust()
    {
        await using var mails = await MailServer.StartAsync();
        using var folder = new TempFolder();
        using var stranger = new PrivateAuthority();
        await File.WriteAllTextAsync(folder.File("ca.pem"), stranger.RootPem);

        Assert.That(
            async () => await MailConnection.OpenAsync(Options(mails, MailTls.StartTls, true, folder.File("ca.pem")), MailLimits.Usual, default),
            Throws.InstanceOf<SslHandshakeException>());
    }

    [Test]
    public async Task Should_not_go_on_in_the_clear_where_the_server_knows_no_tls()
    {
        await using var mails = await MailServer.StartAsync("none");

        Assert.That(
            async () => await MailConnection.OpenAsync(Options(mails, MailTls.StartTls, true), MailLimits.Usual, default),
            Throws.InstanceOf<NotSupportedException>());
    }

    [Test]
    public async Task Should_say_that_the_password_is_wrong()
    {
        await using var mails = await MailServer.StartAsync();
        var options = new MailOptions
        {
            Host = "127.0.0.1", Port = mails.Port, CaFile = mails.CaFile, From = "builds@builds.test", User = MailServer.User,
            Password = RandomNumberGenerator.GetHexString(8),
        };

        Assert.That(async () => await MailConnection.OpenAsync(options, MailLimits.Usual, default), Throws.InstanceOf<AuthenticationException>());
    }

    [Test]
    public async Task Should_let_it_think_about_a_mail_longer_than_about_a_connection()
    {
        await using var mails = await MailServer.StartAsync("none");
        mails.SecondsToThink = 4;
        var limits = new MailLimits(Opening: TimeSpan.FromSeconds(2), Sending: TimeSpan.FromMinutes(1));

        using var connection = await MailConnection.OpenAsync(Options(mails, MailTls.None, logIn: false), limits, default);

        Assert.That((await connection.SendAsync(Message(), default)).Accepted);
    }

    [Test]
    public async Task Should_not_wait_for_ever_for_what_it_thinks_of_a_mail()
    {
        await using var mails = await MailServer.StartAsync("none");
        mails.SecondsToThink = 600;
        var limits = MailLimits.Usual with { Sending = TimeSpan.FromSeconds(1) };

        using var connection = await MailConnection.OpenAsync(Options(mails, MailTls.None, logIn: false), limits, default);

        Assert.That(async () => await connection.SendAsync(Message(), default), Throws.InstanceOf<Exception>());
    }

    private static MailOptions Options(MailServer mails, MailTls tls, bool logIn, string? caFile = null) => new()
    {
        Host = "127.0.0.1", Port = mails.Port, Tls = tls, CaFile = caFile ?? mails.CaFile, From = "builds@builds.test",
        User = logIn ? MailServer.User : null, Password = logIn ? MailServer.Password : null,
    };

    private static MimeMessage Message()
    {
        var message = new MimeMessage { Subject = "a test", Body = new TextPart("plain") { Text = "text" } };
        message.From.Add(new MailboxAddress("Builds", "builds@builds.test"));
        message.To.Add(new MailboxAddress("A", "a@example.org"));
        return message;
    }
}
