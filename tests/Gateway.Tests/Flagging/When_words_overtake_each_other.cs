using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Flagging;
using Builds.Gateway.Notifying;
using Builds.Gateway.Tests.Claiming;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Tests.Flagging;

public sealed class When_words_overtake_each_other
{
    private static readonly ImageReference Image = new() { Registry = TheGateway.Registry, Repository = "team/api" };

    [TestCase(1L, 2L, "it failed")]
    [TestCase(2L, 1L, "a rebuild is queued")]
    [TestCase(null, null, "it failed", Description = "of a GraphTracker that does not say it, the last to arrive")]
    public void Should_show_the_last_that_was_said(long? first, long? second, string shown)
    {
        using var desk = new Desk();
        var flags = new Flags(
            new Notices(Options.Create(new MailOptions()), desk.Clock), Options.Create(new RegistryOptions()), desk.Clock);

        flags.Outdated(desk.Db, Told.Flag("team/api") with { Version = first });
        flags.Outdated(desk.Db, Told.Flag("team/api") with { Version = second, Next = "it failed" });

        Assert.That(Flags.Of(desk.Db, Image).Single().Next, Is.EqualTo(shown));
    }
}
