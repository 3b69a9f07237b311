using Builds.Contracts;

namespace Builds.Gateway.Tests.Claiming;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_a_cascade_repeats_an_old_commit : IDisposable
{
    private readonly Desk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Test]
    public void Should_not_let_a_repetition_of_an_old_commit_supersede_new_source()
    {
        _desk.Claim(_desk.Arrives());
        var waiting = _desk.Arrives();
        _desk.Claim(waiting);
        var source = waiting.Source with { Commit = new string('a', 40) };

        _desk.Queue.Receive(_desk.Db, _desk.Request() with
        {
            Source = source, Cause = new BuildCause { Kind = BuildCauseKind.Cascade },
        });
        Assert.That(_desk.StateOf(waiting), Is.EqualTo("waiting"));

        _desk.Queue.Receive(_desk.Db, _desk.Request() with { Source = source });
        Assert.That(_desk.StateOf(waiting), Is.EqualTo("superseded"));
    }

    [Test]
    public void Should_not_put_a_repetition_over_a_release_that_was_on_its_way([Values] bool ended)
    {
        var release = _desk.Arrives("latest,2");
        _desk.Claim(release);
        var repetition = AtCommit(_desk.Request()) with { Cause = new BuildCause { Kind = BuildCauseKind.Cascade } };
        if (ended)
        {
            _desk.Conclude(release);
            _desk.Queue.Receive(_desk.Db, repetition);
            Assert.That(_desk.Claim(repetition).Verdict, Is.EqualTo(ClaimVerdict.Refused));
        }
        else
        {
            _desk.Queue.Receive(_desk.Db, repetition);
            Assert.That(_desk.Claim(repetition).Verdict, Is.EqualTo(ClaimVerdict.Later));
            _desk.Conclude(release);
        }

        Assert.That(_desk.StateOf(repetition), Is.EqualTo("superseded"));
        Assert.That(_desk.ReasonOf(repetition), Does.Contain(release.BuildId.ToString()));
    }

    [TestCase(BuildOutcome.Failed, "latest,2")]
    [TestCase(BuildOutcome.Succeeded, "2")]
    public void Should_repeat_where_no_release_has_moved_the_tag(BuildOutcome outcome, string tags)
    {
        var other = _desk.Arrives(tags);
        _desk.Claim(other);
        var repetition = AtCommit(_desk.Request()) with { Cause = new BuildCause { Kind = BuildCauseKind.Cascade } };
        _desk.Queue.Receive(_desk.Db, repetition);
        _desk.Conclude(other, outcome: outcome);

        Assert.That(_desk.Claim(repetition).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    private static BuildRequested AtCommit(BuildRequested request) =>
        request with { Source = request.Source with { Commit = new string('a', 40) } };
}
