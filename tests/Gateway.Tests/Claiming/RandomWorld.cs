using Builds.Contracts;
using Builds.Gateway.Queueing;
using Dapper;

namespace Builds.Gateway.Tests.Claiming;

/// <summary>Publishers, workers, a broker and a registry around a <see cref="Desk"/>, as simple as they can be.</summary>
internal sealed class RandomWorld(Desk desk)
{
    /// <summary>How often each kind of step is to happen: those that lead on the most.</summary>
    public static readonly int[] Kinds = [0, 0, 0, 1, 2, 3, 3, 4, 4, 4, 4, 4, 4, 5, 6, 7, 7, 8, 9, 9, 9, 9, 10, 11];

    private static readonly string[] Tags = ["a", "b", "a,b", "b,c"];
    private static readonly string[] Refs = ["main", "dev", "next", "old"];

    private readonly Desk _desk = desk;
    private readonly List<BuildRequested> _known = [];
    private readonly List<BuildRequested> _messages = [];
    private readonly List<BuildRequested> _taken = []; // and may be delivered again all the same
    private readonly List<(BuildRequested Request, int Attempt, Guid ClaimId)> _grants = [];
    private readonly Dictionary<string, string> _registry = [];
    private readonly Dictionary<Guid, (long Attempt, string? Outcome)> _seen = [];
    private readonly Dictionary<Guid, int> _announced = [];

    public void Step(int kind, int which, int how)
    {
        _desk.Clock.Pass(1);
        switch (kind)
        {
            case 0: Request(how, fromBus: true); break;
            case 1: Request(how, fromBus: false); break;
            case 2 when _known.Count > 0: _desk.Queue.Receive(_desk.Db, Pick(_known, which)); break;
            case 3: Send(); break;
            case 4 when _messages.Count > 0: Deliver(Take(which), Guid.NewGuid()); break;
            case 5 when _taken.Count > 0: Deliver(Pick(_taken, which), Guid.NewGuid()); break;
            case 6 when _grants.Count > 0: Deliver(Pick(_grants, which).Request, Pick(_grants, which).ClaimId); break;
            case 7 when _grants.Count > 0: Release(Pick(_grants, which), how % 3 == 0 ? null : FailureClass.Service); break;
            case 8: Expire(how); break;
            case 9 when _grants.Count > 0: Finish(Pick(_grants, which), (BuildOutcome)(how % 5 > 2 ? how % 5 : 0)); break;
            case 10 when _known.Count > 0: _desk.Cancellation.Cancel(_desk.Db, Pick(_known, which).BuildId, "ann"); break;
            case 11 when _known.Count > 0: Retry(Pick(_known, which)); break;
        }
    }

    /// <summary>Workers come and build all that is left.</summary>
    public void ComeToRest()
    {
        for (var round = 0; round < 20 + (10 * _known.Count) && Open() > 0; round++)
        {
            _desk.PassConnected(62);
            _desk.Releases.GiveUpDead(_desk.Db);
            _desk.Resending.SendAgain(_desk.Db);
            Send();
            while (_messages.Count > 0)
                Deliver(Take(0), Guid.NewGuid());
            foreach (var grant in _grants.ToList())
                Finish(grant, BuildOutcome.Succeeded);
        }

        _desk.Clock.Pass(60);
        Announce();
    }

    public void CheckAlways()
    {
        Announce();
        Assert.That(
            _desk.Db.Query<string>("""
                select tag from open_tag join build using (number) where state = 'running' group by tag having count(*) > 1
                """),
            Is.Empty,
            "tags with two running builds");
        foreach (var (id, attempt, state) in _desk.Db.Query<(string, long, string)>("select id, attempt, state from build"))
        {
            var build = Guid.Parse(id);
            var (before, outcome) = _seen.GetValueOrDefault(build);
            var ended = BuildState.IsFinished(state);
            Assert.That(attempt >= before, "attempts only grow");
            Assert.That(outcome is null || outcome == state, "an outcome stays");
            Assert.That(_announced.GetValueOrDefault(build) <= (ended ? 1 : 0), "one outcome is published");
            _seen[build] = (attempt, ended ? state : null);
        }
    }

    public void CheckAtTheEnd()
    {
        Assert.That(Open(), Is.Zero, "builds that never ended");
        Assert.That(_announced, Has.Count.EqualTo(_seen.Count));
        Assert.That(_announced.Values, Is.All.EqualTo(1), "each outcome is published once");
        Assert.That(_desk.Db.ExecuteScalar<long>("select count(*) from open_tag"), Is.Zero);

        var latest = _desk.Db.Query<QueuedBuild>($"""
            select {QueuedBuild.Columns} from build where state = 'succeeded' order by requested_at, number
            """);
        var expected = new Dictionary<string, string>();
        foreach (var build in latest)
            foreach (var tag in build.Asked.Tags)
                expected[tag] = $"sha256:{build.Id}";
        Assert.That(_registry, Is.EqualTo(expected), "every tag is what the latest request made it");
    }

    // Mostly one of the last few: what is long over rarely tells anything.
    private static T Pick<T>(List<T> from, int which) =>
        from[^(1 + (which % Math.Min(from.Count, which % 8 == 0 ? from.Count : 5)))];

    private long Open() => _desk.Db.ExecuteScalar<long>(
        "select count(*) from build where state in ('accepted', 'queued', 'waiting', 'running')");

    private void Request(int how, bool fromBus)
    {
        var request = _desk.Request(Tags[how % 4], Refs[how / 4 % 4], secondsAgo: how / 16 % 4 * 20);
        _known.Add(request);
        if (!fromBus)
            _desk.Queue.Accept(_desk.Db, request, fromBus: false);
        else if (how % 5 > 0)
            _desk.Queue.Receive(_desk.Db, request);
        if (fromBus)
            _messages.Add(request); // which a worker may get before the Gateway does
    }

    private void Send() => _messages.AddRange(_desk.TakeSent<BuildRequested>());

    private BuildRequested Take(int which)
    {
        var message = _messages[which % _messages.Count];
        _messages.Remove(message);
        _taken.Add(message);
        return message;
    }

    private void Deliver(BuildRequested message, Guid claimId)
    {
        var claim = _desk.Claim(message, claimId: claimId);
        if (claim.Verdict == ClaimVerdict.Granted && !_grants.Any(grant => grant.ClaimId == claimId))
            _grants.Add((message, claim.Attempt!.Value, claimId));
    }

    private void Release((BuildRequested Request, int Attempt, Guid) grant, FailureClass? @class) =>
        _desk.Release(grant.Request, grant.Attempt, @class);

    // Some renew, the others do not; now and then the Gateway is started anew in between.
    private void Expire(int how)
    {
        _desk.Liveness.Passed(TimeSpan.FromSeconds(40));
        if (how % 7 == 0)
            _desk.Liveness.Keep(new HashSet<(string, long)>());
        foreach (var (request, attempt, _) in _grants.Where((_, index) => (how >> (index % 8) & 1) == 1))
            _desk.Renew(request, attempt);
        _desk.Liveness.Passed(TimeSpan.FromSeconds(40));
        _desk.Releases.GiveUpDead(_desk.Db);
    }

    // As a worker does: confirm the claim, push, conclude, and mend the tags by the answer, granted or not.
    private void Finish((BuildRequested Request, int Attempt, Guid) grant, BuildOutcome outcome)
    {
        if (outcome == BuildOutcome.Succeeded)
        {
            if (!_desk.Renew(grant.Request, grant.Attempt).Granted)
                outcome = BuildOutcome.Cancelled;
            else
                foreach (var tag in grant.Request.Tags)
                    _registry[tag] = $"sha256:{grant.Request.BuildId}";
        }

        var answer = _desk.Conclude(grant.Request, grant.Attempt, outcome, $"sha256:{grant.Request.BuildId}");
        foreach (var (tag, digest) in answer.Tags)
            _registry[tag] = digest;
    }

    private void Retry(BuildRequested request)
    {
        if (_desk.Retrying.Retry(_desk.Db, request.BuildId, "ann")?.Request is { } again)
            _known.Add(again);
    }

    private void Announce()
    {
        foreach (var completed in _desk.TakeSent<BuildCompleted>())
            _announced[completed.BuildId] = _announced.GetValueOrDefault(completed.BuildId) + 1;
    }
}
