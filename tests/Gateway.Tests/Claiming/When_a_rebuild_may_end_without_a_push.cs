using Builds.Contracts;

namespace Builds.Gateway.Tests.Claiming;

/// <summary>One that is to replace a certain image is not pushed where its tag has become something else.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_a_rebuild_may_end_without_a_push : IDisposable
{
    private readonly Desk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Test]
    public void Should_leave_the_build_that_waits_before_it()
    {
        var running = _desk.Arrives();
        _desk.Claim(running);
        var release = _desk.Arrives();
        Assert.That(_desk.Claim(release).Verdict, Is.EqualTo(ClaimVerdict.Later));
        _desk.Clock.Pass(1);

        var rebuild = Rebuild();
        _desk.Queue.Receive(_desk.Db, rebuild);
        Assert.That(_desk.Claim(rebuild).Verdict, Is.EqualTo(ClaimVerdict.Later));
        Assert.That(_desk.StateOf(release), Is.EqualTo("waiting"));

        _desk.Conclude(running);
        Assert.That(_desk.Claim(release).Verdict, Is.EqualTo(ClaimVerdict.Granted), "its commit is shipped by nobody else");
        _desk.Conclude(release);
        Assert.That(_desk.Claim(rebuild).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    [TestCase(BuildOutcome.Superseded, ClaimVerdict.Granted)]
    [TestCase(BuildOutcome.Succeeded, ClaimVerdict.Refused)]
    public void Should_make_an_earlier_build_needless_only_by_its_push(BuildOutcome outcome, ClaimVerdict verdict)
    {
        var rebuild = Rebuild();
        _desk.Queue.Receive(_desk.Db, rebuild);
        _desk.Claim(rebuild);
        var late = _desk.Request(secondsAgo: 10); // asked for before it, heard of after it
        late = late with { Source = late.Source with { Commit = new string('a', 40) } };
        _desk.Queue.Receive(_desk.Db, late);
        Assert.That(_desk.Claim(late).Verdict, Is.EqualTo(ClaimVerdict.Later));

        _desk.Conclude(rebuild, outcome: outcome);

        Assert.That(_desk.Claim(late).Verdict, Is.EqualTo(verdict));
    }

    [Test]
    public void Should_be_needless_where_a_build_is_asked_for_after_it()
    {
        _desk.Claim(_desk.Arrives());
        var rebuild = Rebuild();
        _desk.Queue.Receive(_desk.Db, rebuild);
        _desk.Claim(rebuild);
        _desk.Clock.Pass(1);

        var release = _desk.Arrives();

        Assert.That(_desk.StateOf(rebuild), Is.EqualTo("superseded"));
        Assert.That(_desk.ReasonOf(rebuild), Does.Contain(release.BuildId.ToString()));
    }

    // With rebuild.source followRef, or where no build is recorded: no commit, and so like a build by hand but for this.
    private BuildRequested Rebuild() => _desk.Request() with
    {
        Cause = new BuildCause { Kind = BuildCauseKind.Cascade },
        Replaces = "sha256:" + new string('0', 64),
    };
}
