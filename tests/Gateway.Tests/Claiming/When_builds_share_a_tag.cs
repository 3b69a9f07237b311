using Builds.Contracts;

namespace Builds.Gateway.Tests.Claiming;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_builds_share_a_tag : IDisposable
{
    private readonly Desk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Test]
    public void Should_let_the_later_wait_and_send_it_when_its_turn_comes()
    {
        var first = _desk.Arrives("1,latest");
        var second = _desk.Arrives("2,latest");
        _desk.Claim(first);

        var later = _desk.Claim(second);

        Assert.That(later.Verdict, Is.EqualTo(ClaimVerdict.Later));
        Assert.That(later.Reason, Does.Contain(first.BuildId.ToString()).And.Contain("'latest'"));
        Assert.That(_desk.StateOf(second), Is.EqualTo("waiting"));
        Assert.That(_desk.TakeSent<BuildRequested>(), Is.Empty);

        _desk.Conclude(first);

        Assert.That(_desk.StateOf(second), Is.EqualTo("queued"));
        Assert.That(_desk.TakeSent<BuildRequested>().Single().BuildId, Is.EqualTo(second.BuildId));
        Assert.That(_desk.Claim(second).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    [Test]
    public void Should_keep_the_order_of_the_requests_not_of_the_messages()
    {
        var later = _desk.Arrives("2,latest");
        var earlier = _desk.Arrives("1,latest", secondsAgo: 5);

        Assert.That(_desk.Claim(later).Verdict, Is.EqualTo(ClaimVerdict.Later));
        Assert.That(_desk.Claim(earlier).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    [Test]
    public void Should_build_side_by_side_what_shares_no_tag()
    {
        Assert.That(_desk.Claim(_desk.Arrives("1")).Verdict, Is.EqualTo(ClaimVerdict.Granted));
        Assert.That(_desk.Claim(_desk.Arrives("2")).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    [Test]
    public void Should_supersede_one_that_waits_when_a_newer_arrives()
    {
        var running = _desk.Arrives();
        _desk.Claim(running);
        var waiting = _desk.Arrives();
        _desk.Claim(waiting);

        var newer = _desk.Arrives();

        Assert.That(_desk.StateOf(waiting), Is.EqualTo("superseded"));
        Assert.That(_desk.ReasonOf(waiting), Does.Contain(newer.BuildId.ToString()));
        var completed = _desk.TakeSent<BuildCompleted>().Single();
        Assert.That(completed.BuildId, Is.EqualTo(waiting.BuildId));
        Assert.That(completed.Outcome, Is.EqualTo(BuildOutcome.Superseded));
        Assert.That(_desk.Claim(waiting).Verdict, Is.EqualTo(ClaimVerdict.Refused));
    }

    [Test]
    public void Should_supersede_one_that_would_wait_when_a_newer_is_there()
    {
        var running = _desk.Arrives("latest,1");
        _desk.Claim(running);
        var older = _desk.Arrives("a,latest");
        _desk.Arrives("latest,a");

        Assert.That(_desk.Claim(older).Verdict, Is.EqualTo(ClaimVerdict.Refused));
        Assert.That(_desk.StateOf(older), Is.EqualTo("superseded"));
    }

    [Test]
    public void Should_supersede_a_commit_that_comes_too_late([Values] bool newerHasEnded)
    {
        var newer = _desk.Arrives();
        _desk.Claim(newer);
        if (newerHasEnded)
            _desk.Conclude(newer);
        var late = AtCommit(_desk.Request(secondsAgo: 5));
        _desk.Queue.Receive(_desk.Db, late);

        Assert.That(_desk.Claim(late).Verdict, Is.EqualTo(ClaimVerdict.Refused));
        Assert.That(_desk.StateOf(late), Is.EqualTo("superseded"));
    }

    [Test]
    public void Should_build_what_comes_after_the_newer_one_took_its_source([Values] bool newerHasEnded)
    {
        var newer = _desk.Arrives();
        _desk.Claim(newer);
        var late = _desk.Arrives(secondsAgo: 5); // by its publisher's clock
        if (!newerHasEnded)
            Assert.That(_desk.Claim(late).Verdict, Is.EqualTo(ClaimVerdict.Later));
        _desk.Conclude(newer);

        Assert.That(_desk.Claim(late).Verdict, Is.EqualTo(ClaimVerdict.Granted));
        var conclusion = _desk.Conclude(late, digest: "sha256:late");
        Assert.That(conclusion.Tags["latest"], Is.EqualTo("sha256:late"));
    }

    [Test]
    public void Should_not_supersede_what_differs()
    {
        _desk.Claim(_desk.Arrives());
        var waiting = _desk.Arrives();
        _desk.Claim(waiting);

        _desk.Arrives(@ref: "dev");
        _desk.Arrives("latest,2");
        _desk.Queue.Receive(_desk.Db, _desk.Request() with { BuildArgs = new Dictionary<string, string> { ["A"] = "1" } });
        _desk.Queue.Receive(_desk.Db, _desk.Request() with { Platform = "linux/arm64" });
        _desk.Queue.Receive(_desk.Db, _desk.Request() with { NoCache = true });
        _desk.Queue.Receive(_desk.Db, _desk.Request() with { TimeoutSeconds = 60 });

        Assert.That(_desk.StateOf(waiting), Is.EqualTo("waiting"));
    }

    [Test]
    public void Should_answer_a_late_conclusion_with_what_the_tag_is_to_be()
    {
        var newer = _desk.Arrives("latest,2");
        _desk.Claim(newer);
        _desk.Conclude(newer, digest: "sha256:newer");
        var late = AtCommit(_desk.Request("latest", secondsAgo: 5));
        _desk.Claim(late);

        var conclusion = _desk.Conclude(late, digest: "sha256:late");

        Assert.That(conclusion.Granted, Is.True);
        Assert.That(conclusion.Tags, Is.EqualTo(new Dictionary<string, string> { ["latest"] = "sha256:newer" }));
    }

    [Test]
    public void Should_send_the_earlier_when_a_later_one_is_given_back()
    {
        var later = _desk.Arrives("latest,2");
        _desk.Claim(later);
        var earlier = AtCommit(_desk.Request("latest", secondsAgo: 5));
        Assert.That(_desk.Claim(earlier).Verdict, Is.EqualTo(ClaimVerdict.Later));

        _desk.Release(later);

        Assert.That(_desk.TakeSent<BuildRequested>().Select(sent => sent.BuildId), Is.EqualTo(new[] { later.BuildId, earlier.BuildId }));
        Assert.That(_desk.Claim(later).Verdict, Is.EqualTo(ClaimVerdict.Later));
        Assert.That(_desk.Claim(earlier).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    private static BuildRequested AtCommit(BuildRequested request) =>
        request with { Source = request.Source with { Commit = new string('a', 40) } };
}
