using Builds.Contracts;
using Dapper;

namespace Builds.Gateway.Tests.Claiming;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_an_attempt_ends : IDisposable
{
    private readonly Desk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Test]
    public void Should_send_again_at_once_what_a_draining_worker_gives_back()
    {
        var request = _desk.Arrives();
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            Assert.That(_desk.Claim(request).Attempt, Is.EqualTo(attempt));
            Assert.That(_desk.Release(request, attempt).Granted, Is.True);
            Assert.That(_desk.TakeSent<BuildRequested>(), Has.Count.EqualTo(1));
        }
    }

    [Test]
    public void Should_send_again_with_growing_pauses_what_the_service_lost_and_give_up_at_three()
    {
        var request = _desk.Arrives();

        foreach (var (attempt, pause) in new[] { (1, 5), (2, 30) })
        {
            _desk.Claim(request);
            _desk.Release(request, attempt, FailureClass.Service);
            _desk.Clock.Pass(pause - 1);
            Assert.That(_desk.TakeSent<BuildRequested>(), Is.Empty);
            _desk.Clock.Pass(1);
            Assert.That(_desk.TakeSent<BuildRequested>(), Has.Count.EqualTo(1));
        }

        _desk.Claim(request);
        _desk.Release(request, 3, FailureClass.Service);

        var completed = _desk.TakeSent<BuildCompleted>().Single();
        Assert.That(completed.Outcome, Is.EqualTo(BuildOutcome.Errored));
        Assert.That(completed.Class, Is.EqualTo(FailureClass.Service));
        Assert.That(completed.Attempt, Is.EqualTo(3));
        Assert.That(completed.LogBatches, Is.EqualTo(2));
        Assert.That(completed.Reason, Does.Contain("no machine"));
        Assert.That(_desk.Claim(request).Verdict, Is.EqualTo(ClaimVerdict.Refused));
    }

    [Test]
    public void Should_answer_a_release_alike_when_asked_again_and_refuse_it_to_a_stranger()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);

        Assert.That(_desk.Release(request).Granted, Is.True);
        Assert.That(_desk.Release(request).Granted, Is.True);
        Assert.That(_desk.TakeSent<BuildRequested>(), Has.Count.EqualTo(1));
        _desk.Claim(request);
        Assert.That(_desk.Release(request, attempt: 1).Granted, Is.False);
        Assert.That(_desk.StateOf(request), Is.EqualTo("running"));
    }

    [Test]
    public void Should_give_up_a_claim_that_was_not_renewed_for_a_minute_of_connected_time()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.PassConnected(59);
        _desk.Renew(request);
        _desk.Clock.Pass(3600); // the broker was away: nobody could renew
        _desk.PassConnected(60);
        Assert.That(_desk.Releases.GiveUpDead(_desk.Db), Is.Empty);

        _desk.PassConnected(1);
        Assert.That(_desk.Releases.GiveUpDead(_desk.Db), Has.Count.EqualTo(1));

        Assert.That(_desk.TakeSent<BuildRequested>(), Has.Count.EqualTo(1));
        Assert.That(_desk.Renew(request).Granted, Is.False);
        Assert.That(_desk.Conclude(request).Granted, Is.False);
        Assert.That(_desk.Db.ExecuteScalar<long>("select lost from build"), Is.EqualTo(1));
        Assert.That(_desk.Claim(request).Attempt, Is.EqualTo(2));
    }

    [Test]
    public void Should_take_claims_that_it_finds_at_its_start_as_renewed()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.PassConnected(3600);
        _desk.Liveness.Keep(new HashSet<(string, long)>()); // what a restart forgets

        Assert.That(_desk.Releases.GiveUpDead(_desk.Db), Is.Empty);
        _desk.PassConnected(61);
        Assert.That(_desk.Releases.GiveUpDead(_desk.Db), Has.Count.EqualTo(1));
    }

    [Test]
    public void Should_conclude_once_and_answer_alike_when_asked_again()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);

        var first = _desk.Conclude(request);
        var again = _desk.Conclude(request);
        var other = _desk.Conclude(request, outcome: BuildOutcome.Failed);

        Assert.That(first.Granted && again.Granted, Is.True);
        Assert.That(other.Granted, Is.False);
        Assert.That(again.Tags, Is.EqualTo(first.Tags));
        Assert.That(first.Tags["latest"], Is.EqualTo("sha256:1"));
        Assert.That(_desk.StateOf(request), Is.EqualTo("succeeded"));
    }

    [Test]
    public void Should_have_half_a_push_undone_to_what_was_there_before_it()
    {
        Succeeds("latest,1.4", "sha256:ours");
        var request = _desk.Arrives("latest,1.4,new");
        _desk.Claim(request);

        var half = _desk.Conclude(request, outcome: BuildOutcome.Failed, before: new Dictionary<string, string>
        {
            ["latest"] = "sha256:by-hand", ["new"] = "sha256:unknown-here", ["another"] = "sha256:x",
        });

        Assert.That(half.Tags, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["latest"] = "sha256:by-hand", ["new"] = "sha256:unknown-here", ["1.4"] = "sha256:ours",
        }));
    }

    [Test]
    public void Should_have_no_outcome_undone_of_that_build_or_a_later_one([Values] bool later)
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Conclude(request, digest: "sha256:own");
        if (later)
            Succeeds("latest", "sha256:later");

        var late = _desk.Conclude(request, attempt: 0, before: new Dictionary<string, string> { ["latest"] = "sha256:by-hand" });

        Assert.That(late.Granted, Is.False);
        Assert.That(late.Tags["latest"], Is.EqualTo(later ? "sha256:later" : "sha256:own"));
    }

    [Test]
    public void Should_publish_for_a_worker_that_died_after_its_outcome_was_granted()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Conclude(request);

        Assert.That(_desk.TakeSent<BuildCompleted>(), Is.Empty);
        _desk.Clock.Pass(10);
        Assert.That(_desk.TakeSent<BuildCompleted>(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Should_leave_it_to_the_worker_that_has_published()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Conclude(request);
        Gateway.Claiming.Conclusions.Seen(_desk.Db, _desk.Completed(request));

        _desk.Clock.Pass(100);

        Assert.That(_desk.TakeSent<BuildCompleted>(), Is.Empty);
    }

    [Test]
    public void Should_not_take_the_Gateways_own_conclusion_for_the_workers()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");
        _desk.PassConnected(1);
        _desk.Releases.GiveUpDead(_desk.Db);
        _desk.PassConnected(61);
        _desk.Releases.GiveUpDead(_desk.Db);
        Assert.That(_desk.StateOf(request), Is.EqualTo("cancelled"));

        Assert.That(_desk.Conclude(request, outcome: BuildOutcome.Cancelled).Granted, Is.False);
        Assert.That(_desk.TakeSent<BuildCompleted>(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Should_send_again_what_is_queued_long_and_nothing_else()
    {
        var queued = _desk.Arrives("1");
        var running = _desk.Arrives("2");
        var fresh = _desk.Arrives("3");
        _desk.Claim(running);
        _desk.Clock.Pass(61);
        _desk.Db.Execute("update build set sent_at = @now where id = @id", new
        {
            now = _desk.Clock.GetUtcNow().ToUnixTimeMilliseconds(), id = fresh.BuildId.ToString(),
        });

        Assert.That(_desk.Resending.HasAny(_desk.Db), Is.True);
        Assert.That(_desk.Resending.SendAgain(_desk.Db), Is.EqualTo(new[] { queued.BuildId.ToString() }));
        Assert.That(_desk.Resending.HasAny(_desk.Db), Is.False, "its message is in the outbox");
    }

    private void Succeeds(string tags, string digest)
    {
        var request = _desk.Arrives(tags);
        _desk.Claim(request);
        Assert.That(_desk.Conclude(request, digest: digest).Granted, Is.True);
    }
}
