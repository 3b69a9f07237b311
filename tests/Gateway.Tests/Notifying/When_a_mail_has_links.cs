using Builds.Contracts;

namespace Builds.Gateway.Tests.Notifying;

public sealed class When_a_mail_has_links
{
    [Test]
    public async Task Should_lead_to_the_log_and_to_all_that_is_outdated()
    {
        await using var office = await PostOffice.OpenAsync("https://builds.example.org/");
        var build = Guid.NewGuid();
        var address = await office.TellAsync("linked", flag => flag with { BuildId = build });
        office.Clock.Pass(PostOffice.Settle);

        var mail = await office.FirstToAsync(address);

        var log = $"https://builds.example.org/v1/builds/{build}/log";
        Assert.That(mail.TextBody, Does.Contain($"  log: {log}"));
        Assert.That(mail.TextBody, Does.Contain("All that is outdated: https://builds.example.org/v1/images?outdated=true"));
        Assert.That(mail.HtmlBody, Does.Contain($"<a href=\"{log}\">{log}</a>"));
    }

    [Test]
    public async Task Should_lead_nowhere_where_only_a_name_looks_like_a_link()
    {
        await using var office = await PostOffice.OpenAsync();
        var address = await office.TellAsync("unlinked", flag => flag with
        {
            Base = "http-cache.example.org/library/os:1", Next = "https://evil.example.org/", BuildId = Guid.NewGuid(),
            Outlook = OutdatedOutlook.Failed,
        });
        office.Clock.Pass(PostOffice.Settle);

        var mail = await office.FirstToAsync(address);

        Assert.That(mail.HtmlBody, Does.Contain("http-cache.example.org/library/os:1 moved").And.Not.Contain("<a "));
        Assert.That(mail.TextBody, Does.Not.Contain("log:"));
    }
}
