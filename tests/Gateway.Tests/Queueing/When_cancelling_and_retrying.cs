using Builds.Contracts;
using Builds.Gateway.Tests.Claiming;
using Dapper;

namespace Builds.Gateway.Tests.Queueing;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_cancelling_and_retrying : IDisposable
{
    private readonly Desk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Test]
    public void Should_end_at_once_what_is_accepted()
    {
        var request = _desk.Request();
        _desk.Queue.Accept(_desk.Db, request, fromBus: false);

        var result = _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");

        Assert.That(result, Has.Property("Done").True.And.Property("State").EqualTo("cancelled"));
        Assert.That(_desk.TakeSent<BuildRequested>(), Is.Empty);
        Assert.That(_desk.TakeSent<BuildCompleted>().Single().Outcome, Is.EqualTo(BuildOutcome.Cancelled));
    }

    [Test]
    public void Should_tell_how_it_was_asked_for_what_no_worker_has_begun()
    {
        var request = _desk.Request() with
        {
            BuildArgs = new Dictionary<string, string> { ["A"] = "1" },
            Target = "runtime",
            Platform = "linux/arm64",
            Labels = new Dictionary<string, string> { ["org.example.team"] = "api" },
            NoCache = true,
            TimeoutSeconds = 90,
        };
        _desk.Queue.Receive(_desk.Db, request);

        _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");

        var told = _desk.TakeSent<BuildCompleted>().Single();
        Assert.That(told.BuildArgs, Is.EqualTo(request.BuildArgs));
        Assert.That(told.Target, Is.EqualTo(request.Target));
        Assert.That(told.Platform, Is.EqualTo(request.Platform));
        Assert.That(told.Labels, Is.EqualTo(request.Labels));
        Assert.That(told.NoCache, Is.True);
        Assert.That(told.TimeoutSeconds, Is.EqualTo(90));
    }

    [Test]
    public void Should_end_at_once_what_waits_and_make_way()
    {
        var running = _desk.Arrives("1,latest");
        _desk.Claim(running);
        var waiting = _desk.Arrives("2,latest");
        _desk.Claim(waiting);
        var behind = _desk.Arrives("2");
        _desk.Claim(behind);
        Assert.That(_desk.ReasonOf(behind), Does.Contain(waiting.BuildId.ToString()));

        _desk.Cancellation.Cancel(_desk.Db, waiting.BuildId, "ann");

        Assert.That(_desk.StateOf(waiting), Is.EqualTo("cancelled"));
        Assert.That(_desk.TakeSent<BuildRequested>().Single().BuildId, Is.EqualTo(behind.BuildId));
    }

    [Test]
    public void Should_ask_the_worker_once_and_tell_it_at_every_renewal()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);

        _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");
        var again = _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "bob");

        Assert.That(again, Has.Property("Done").True.And.Property("State").EqualTo("running"));
        Assert.That(_desk.TakeSent<BuildCancelRequested>().Single().By, Is.EqualTo("ann"));
        var renewal = _desk.Renew(request);
        Assert.That(renewal.Granted, Is.False);
        Assert.That(renewal.CancelledBy, Is.EqualTo("ann"));
        Assert.That(_desk.Conclude(request, outcome: BuildOutcome.Cancelled).Granted, Is.True);
        Assert.That(_desk.StateOf(request), Is.EqualTo("cancelled"));
    }

    [Test]
    public void Should_let_a_success_win_that_came_first()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");

        Assert.That(_desk.Conclude(request).Granted, Is.True);
        Assert.That(_desk.StateOf(request), Is.EqualTo("succeeded"));
    }

    [Test]
    public void Should_end_what_is_released_after_it_was_cancelled()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");

        _desk.Release(request, @class: FailureClass.Service);

        Assert.That(_desk.StateOf(request), Is.EqualTo("cancelled"));
        Assert.That(_desk.TakeSent<BuildRequested>(), Is.Empty);
    }

    [Test]
    public void Should_refuse_to_cancel_what_has_ended()
    {
        var request = _desk.Arrives();
        _desk.Claim(request);
        _desk.Conclude(request);

        var result = _desk.Cancellation.Cancel(_desk.Db, request.BuildId, "ann");

        Assert.That(result!.Done, Is.False);
        Assert.That(result.Reason, Does.Contain("succeeded"));
        Assert.That(_desk.Cancellation.Cancel(_desk.Db, Guid.NewGuid(), "ann"), Is.Null);
    }

    [Test]
    public void Should_retry_what_has_ended_under_a_new_id([Values] BuildOutcome outcome)
    {
        var request = _desk.Request() with { Replaces = "sha256:" + new string('a', 64) };
        _desk.Queue.Receive(_desk.Db, request);
        _desk.Claim(request);
        _desk.Conclude(request, outcome: outcome);
        _desk.Clock.Pass(1);

        var result = _desk.Retrying.Retry(_desk.Db, request.BuildId, "ann")!;

        var sent = _desk.TakeSent<BuildRequested>().Single();
        Assert.That(sent.BuildId, Is.EqualTo(result.Request!.BuildId).And.Not.EqualTo(request.BuildId));
        Assert.That(sent.Cause, Is.EqualTo(new BuildCause { Kind = BuildCauseKind.Retry, Actor = "ann" }));
        Assert.That(sent.Source, Is.EqualTo(request.Source));
        Assert.That(sent.Replaces, Is.Null, "whatever is there by now");
        Assert.That(_desk.Claim(sent).Verdict, Is.EqualTo(ClaimVerdict.Granted));
    }

    [Test]
    public void Should_refuse_to_retry_what_has_not_ended_or_never_could()
    {
        var request = _desk.Arrives();
        var invalid = _desk.Request() with { Tags = [] };
        _desk.Queue.Receive(_desk.Db, invalid);

        Assert.That(_desk.Retrying.Retry(_desk.Db, request.BuildId, "ann")!.Reason, Does.Contain("queued"));
        Assert.That(_desk.Retrying.Retry(_desk.Db, invalid.BuildId, "ann")!.Reason, Does.Contain("tags"));
        Assert.That(_desk.Retrying.Retry(_desk.Db, Guid.NewGuid(), "ann"), Is.Null);
        Assert.That(_desk.Db.ExecuteScalar<long>("select count(*) from build"), Is.EqualTo(2));
    }
}
