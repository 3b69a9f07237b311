using System.Text;
using Builds.Gateway.Tests.Flagging;
using Builds.Parts;
using MimeKit;

namespace Builds.Gateway.Tests.Notifying;

public sealed class When_a_mail_is_about_many_images
{
    private const int Many = 203;
    private const int Explained = 3; // by the setting of the Gateway of these tests

    [Test]
    public async Task Should_name_each_and_explain_as_many_as_are_set()
    {
        var gateway = await TheGateway.GetAsync();
        var (ns, owner) = ($"many-{Guid.NewGuid():N}", $"owner-{Guid.NewGuid():N}@example.org");
        var put = await gateway.Admin.PutAsync($"v1/namespaces/{ns}/members", new
        {
            members = new[] { new { name = "Somebody", mail = owner, role = "owner" } },
        });
        Assert.That((int)put.Status, Is.EqualTo(200), put.Text);
        var names = Enumerable.Range(0, Many).Select(number => $"{ns}/image-{number:000}").ToList();

        await gateway.Mail.StopAsync(); // what is told while it is away is one mail
        foreach (var name in names)
            await Told.OutdatedAsync(gateway, Told.Flag(name));
        await gateway.Mail.StartAgainAsync();
        await Wait.UntilAsync("the mail", () => gateway.Mail.To(owner).Count > 0);

        var source = Encoding.UTF8.GetBytes(gateway.Mail.To(owner)[0].Source);
        var mail = await MimeMessage.LoadAsync(new MemoryStream(source));
        foreach (var text in new[] { mail.TextBody!, mail.HtmlBody! })
        {
            Assert.That(names.Where(name => !text.Contains($"{name}:latest", StringComparison.Ordinal)), Is.Empty);
            Assert.That(text.Split("known by build record").Length - 1, Is.EqualTo(Explained));
            Assert.That(text, Does.Contain($"and these {Many - Explained} too"));
        }

        Assert.That(mail.Subject, Does.Contain($"and {Many - 1} more"));
        Assert.That(gateway.Mail.To(owner), Has.Count.EqualTo(1));
    }
}
