namespace Builds.Gateway.Tests.Notifying;

public sealed class When_news_come_one_after_the_other
{
    [Test]
    public async Task Should_send_one_mail_for_all_that_comes_within_the_settle_window()
    {
        await using var office = await PostOffice.OpenAsync();
        var early = await office.TellAsync("early");
        office.Clock.Pass(1);
        var late = await office.TellAsync("late");

        office.Clock.Pass(PostOffice.Settle - 1);
        await office.FirstToAsync(early);
        Assert.That(office.Server.To(late), Is.Empty, "it has a second to go");

        await office.NewsAsync("late", "web");
        office.Clock.Pass(1);
        var mail = await office.FirstToAsync(late);
        Assert.That(mail.TextBody, Does.Contain("late/api").And.Contain("late/web"));

        await office.NewsAsync("late", "more");
        await office.NewsAsync("early", "more");
        office.Clock.Pass(PostOffice.Settle);
        await Builds.Parts.Wait.UntilAsync("the next mails", () => office.Server.To(late).Count + office.Server.To(early).Count == 4);
        Assert.That(office.Server.To(late)[1].Source, Does.Contain("late/more").And.Not.Contain("late/web"));
    }
}
