using Builds.Contracts;
using Dapper;

namespace Builds.Gateway.Tests.Claiming;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_claiming : IDisposable
{
    private readonly Desk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Test]
    public void Should_grant_one_of_two_workers()
    {
        var request = _desk.Arrives();

        var first = _desk.Claim(request, "worker-1");
        var second = _desk.Claim(request, "worker-2");

        Assert.That(first.Verdict, Is.EqualTo(ClaimVerdict.Granted));
        Assert.That(first.Attempt, Is.EqualTo(1));
        Assert.That(first.GrantedAt, Is.EqualTo(_desk.Clock.GetUtcNow()));
        Assert.That(second.Verdict, Is.EqualTo(ClaimVerdict.Refused));
        Assert.That(second.Reason, Does.Contain("worker-1"));
    }

    [Test]
    public void Should_name_the_default_registry_that_workers_may_reach_wherever_it_is() =>
        Assert.That(_desk.Claim(_desk.Arrives()).DefaultRegistry, Is.EqualTo(Desk.Registry));

    [Test]
    public void Should_give_the_same_answer_to_the_same_claim()
    {
        var request = _desk.Arrives();
        var claimId = Guid.NewGuid();

        var first = _desk.Claim(request, claimId: claimId);
        _desk.Clock.Pass(3);
        var again = _desk.Claim(request, claimId: claimId);

        Assert.That(again, Is.EqualTo(first));
    }

    [Test]
    public void Should_not_revive_a_claim_that_has_ended()
    {
        var request = _desk.Arrives();
        var claimId = Guid.NewGuid();
        _desk.Claim(request, claimId: claimId);
        _desk.Release(request);

        Assert.That(_desk.Claim(request, claimId: claimId).Verdict, Is.EqualTo(ClaimVerdict.Refused));
        Assert.That(_desk.Claim(request).Attempt, Is.EqualTo(2));
    }

    [Test]
    public void Should_accept_a_build_that_reached_a_worker_before_the_Gateway()
    {
        var request = _desk.Request() with { Image = new ImageReference { Repository = "team/api" } };

        var claim = _desk.Claim(request);

        Assert.That(claim.Verdict, Is.EqualTo(ClaimVerdict.Granted));
        Assert.That(claim.Image!.Registry, Is.EqualTo(Desk.Registry));
        Assert.That(_desk.Queue.Accept(_desk.Db, _desk.Queue.WithRegistry(request), fromBus: true), Is.False);
    }

    [Test]
    public void Should_answer_and_never_grant_what_breaks_a_rule()
    {
        var request = _desk.Request() with { Tags = ["--upload-pack=x"] };

        Assert.That(_desk.Claim(request).Verdict, Is.EqualTo(ClaimVerdict.Refused));
        _desk.Queue.Receive(_desk.Db, request);
        var completed = _desk.TakeSent<BuildCompleted>().Single();

        Assert.That(completed.Outcome, Is.EqualTo(BuildOutcome.Failed));
        Assert.That(completed.Class, Is.EqualTo(FailureClass.Policy));
        Assert.That(completed.Reason, Does.StartWith("tags[0]"));
        Assert.That(completed.Attempt, Is.Zero);
    }

    [Test]
    public void Should_refuse_another_request_under_a_known_id()
    {
        var request = _desk.Arrives();
        var borrowed = request with { Source = request.Source with { Git = "https://git.example.org/evil/api.git" } };

        Assert.That(_desk.Claim(borrowed).Verdict, Is.EqualTo(ClaimVerdict.Refused));
        var elsewhere = request with { Replaces = "sha256:" + new string('a', 64) };
        Assert.That(_desk.Claim(elsewhere).Verdict, Is.EqualTo(ClaimVerdict.Refused));
        Assert.That(_desk.Claim(request).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    [Test]
    public void Should_answer_with_the_publishers_own_credentials()
    {
        var request = _desk.Request() with { Credentials = new SealedCredentials { Git = "a.b.c.d.e" } };

        Assert.That(_desk.Claim(request).Credentials!.Git, Is.EqualTo("a.b.c.d.e"));
    }

    [Test]
    public void Should_refuse_what_has_ended()
    {
        var request = _desk.Arrives();
        _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");

        var claim = _desk.Claim(request);

        Assert.That(claim.Verdict, Is.EqualTo(ClaimVerdict.Refused));
        Assert.That(claim.Reason, Does.Contain("ann"));
    }

    [Test]
    public void Should_refuse_to_renew_what_has_passed_to_another()
    {
        var request = _desk.Arrives();
        _desk.Claim(request, "worker-1");
        _desk.Release(request);
        _desk.Claim(request, "worker-2");

        var late = _desk.Renew(request, attempt: 1);

        Assert.That(late.Granted, Is.False);
        Assert.That(late.CancelledBy, Is.Null);
        Assert.That(late.Reason, Does.Contain("worker-2"));
        Assert.That(_desk.Renew(request, attempt: 2).Granted, Is.True);
    }

    [Test]
    public void Should_note_the_machine_of_the_living_attempt_only()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Release(request);
        _desk.Claim(request);
        var started = new BuildStarted
        {
            BuildId = request.BuildId, Attempt = 1, Worker = "w", Machine = "old", StartedAt = _desk.Clock.GetUtcNow(),
        };

        Gateway.Claiming.Claims.Started(_desk.Db, started with { Attempt = 2, Machine = "new" });
        Gateway.Claiming.Claims.Started(_desk.Db, started);

        Assert.That(_desk.Db.ExecuteScalar<string>("select machine from build"), Is.EqualTo("new"));
        Assert.That(_desk.Db.Query<string>("select machine from attempt order by attempt"), Is.EqualTo(new[] { "old", "new" }));
    }
}
