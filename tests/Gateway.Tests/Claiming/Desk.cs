using System.Reflection;
using Builds.Contracts;
using Builds.Gateway.Claiming;
using Builds.Gateway.Publishing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using RegistryOptions = Builds.Gateway.Defining.RegistryOptions;

namespace Builds.Gateway.Tests.Claiming;

/// <summary>All that decides about builds, over the real schema in memory, without a bus.</summary>
internal sealed class Desk : IDisposable
{
    public const string Registry = "registry.example.org";

    private readonly TempFolder _folder = new("desk");
    private readonly GatewayStore _store;

    public Desk(ClaimOptions? settings = null)
    {
        var options = Options.Create(settings ?? new ClaimOptions());
        var registries = Options.Create(new RegistryOptions { Default = Registry });
        var rules = new RequestRules(Options.Create(new RequestOptions()));
        _store = new GatewayStore(Options.Create(new StoreOptions { Folder = _folder.FullPath }));
        Outbox = new Outbox(_store, Clock);
        var endings = new Endings(Outbox, Clock);
        var turns = new Turns(Outbox, endings);
        Queue = new BuildQueue(turns, rules, registries, Clock);
        Claims = new Claims(Queue, turns, new CredentialRelease(registries), Liveness, Clock);
        Releases = new Releases(turns, Liveness, options, Clock);
        Conclusions = new Conclusions(turns, endings, options);
        Cancellation = new Cancellation(turns, Outbox, Clock);
        Retrying = new Retrying(Queue, rules, Clock);
        Resending = new Resending(turns, options, Clock);
        Db = new SqliteConnection("Data Source=:memory:;Foreign Keys=True");
        Db.Open();
        foreach (var script in Scripts())
            Db.Execute(script);
    }

    public ManualClock Clock { get; } = new();
    public SqliteConnection Db { get; }
    public Outbox Outbox { get; }
    public BuildQueue Queue { get; }
    public Liveness Liveness { get; } = new();
    public Claims Claims { get; }
    public Releases Releases { get; }
    public Conclusions Conclusions { get; }
    public Cancellation Cancellation { get; }
    public Retrying Retrying { get; }
    public Resending Resending { get; }

    public void Dispose()
    {
        Db.Dispose();
        _store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Dispose();
    }

    public void Clear()
    {
        Db.Execute("delete from build; delete from outbox");
        Liveness.Keep(new HashSet<(string, long)>());
    }

    public BuildRequested Request(string tags = "latest", string @ref = "main", double secondsAgo = 0) => new()
    {
        BuildId = Guid.NewGuid(),
        Image = new ImageReference { Registry = Registry, Repository = "team/api" },
        Tags = tags.Split(','),
        Source = new GitSource { Git = "https://git.example.org/team/api.git", Ref = @ref },
        RequestedAt = Clock.GetUtcNow() - TimeSpan.FromSeconds(secondsAgo),
    };

    /// <summary>As if a publisher's message had come over the bus.</summary>
    public BuildRequested Arrives(string tags = "latest", string @ref = "main", double secondsAgo = 0)
    {
        var request = Request(tags, @ref, secondsAgo);
        Queue.Receive(Db, request);
        return request;
    }

    public BuildClaim Claim(BuildRequested request, string worker = "worker-1", Guid? claimId = null) =>
        Claims.Claim(Db, new ClaimBuild { ClaimId = claimId ?? Guid.NewGuid(), Request = request, Worker = worker });

    public ClaimRenewal Renew(BuildRequested request, int attempt = 1) =>
        Claims.Renew(Db, new RenewClaim { BuildId = request.BuildId, Attempt = attempt, Phases = [] });

    public ClaimRelease Release(BuildRequested request, int attempt = 1, FailureClass? @class = null) =>
        Releases.Release(Db, new ReleaseClaim
        {
            BuildId = request.BuildId, Attempt = attempt, Reason = "no machine", Class = @class, LogBatches = 2,
        });

    public BuildConclusion Conclude(
        BuildRequested request, int attempt = 1, BuildOutcome outcome = BuildOutcome.Succeeded, string digest = "sha256:1",
        IReadOnlyDictionary<string, string>? before = null) =>
        Conclusions.Conclude(Db, new ConcludeBuild { Completed = Completed(request, attempt, outcome, digest), Before = before });

    public BuildCompleted Completed(
        BuildRequested request, int attempt = 1, BuildOutcome outcome = BuildOutcome.Succeeded, string digest = "sha256:1") =>
        new()
        {
            BuildId = request.BuildId,
            Attempt = attempt,
            Outcome = outcome,
            Image = request.Image,
            Tags = request.Tags,
            Source = request.Source,
            Digest = outcome == BuildOutcome.Succeeded ? digest : null,
            Pushed = outcome == BuildOutcome.Succeeded ? request.Tags : [],
            Bases = [],
            Phases = [],
            LogBatches = 1,
            CompletedAt = Clock.GetUtcNow(),
        };

    /// <summary>Time passes in which workers could renew.</summary>
    public void PassConnected(double seconds)
    {
        Clock.Pass(seconds);
        Liveness.Passed(TimeSpan.FromSeconds(seconds));
    }

    public string StateOf(BuildRequested request) => QueuedBuild.Find(Db, request.BuildId)!.State;

    public string? ReasonOf(BuildRequested request) => QueuedBuild.Find(Db, request.BuildId)!.Reason;

    /// <summary>Of one type, those that are due; they count as sent.</summary>
    public List<T> TakeSent<T>()
        where T : class
    {
        var now = Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return [.. Db.Query<string>(
            "delete from outbox where type = @type and send_at <= @now returning body", new { type = typeof(T).Name, now })
            .Select(body => System.Text.Json.JsonSerializer.Deserialize<T>(body, BuildQueue.Json)!)];
    }

    private static IEnumerable<string> Scripts()
    {
        var assembly = Assembly.GetAssembly(typeof(GatewayStore))!;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.Contains(".Storing.Schema.")).Order())
        {
            using var script = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return script.ReadToEnd();
        }
    }
}

internal sealed class ManualClock : TimeProvider
{
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now;

    public void Pass(double seconds) => _now += TimeSpan.FromSeconds(seconds);
}
