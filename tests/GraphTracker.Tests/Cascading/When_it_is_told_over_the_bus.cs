using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Builds.Parts;
using Dapper;
using RabbitMQ.Client;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>GraphTracker as a process, on a real broker; workers and Gateway are played.</summary>
public sealed class When_it_is_told_over_the_bus
{
    private Broker _broker = null!;
    private PlayedGateway _gateway = null!;
    private IConnection _connection = null!;
    private World _world = null!;

    [OneTimeSetUp]
    public async Task A_broker()
    {
        _broker = await Broker.StartAsync();
        _gateway = await PlayedGateway.StartAsync(_broker);
        _connection = await new ConnectionFactory { Uri = _broker.Address }.CreateConnectionAsync();
    }

    [OneTimeTearDown]
    public async Task No_broker()
    {
        await _connection.DisposeAsync();
        await _gateway.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [SetUp]
    public async Task Two_storeys_and_a_base_that_has_moved()
    {
        _gateway.Defined = null;
        _gateway.AskedFor.Clear();
        _gateway.Known.Clear();
        _gateway.Damaged = null;
        _gateway.Finding = null;
        _world = World.Empty();
        await _world.PushAsync("os", "1");
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("tools", "os");
        await _world.GrowAsync("api", "runtime", "tools");
        await _world.DecideAsync();
        await _world.PushAsync("os", "2");
    }

    [TearDown]
    public async Task Gone()
    {
        await _world.DisposeAsync();
        await using var channel = await _connection.CreateChannelAsync();
        foreach (var queue in new[] { "worker.build-requested", "gateway.build-requested", "gateway.image-outdated" })
            await channel.QueuePurgeAsync(queue);
    }

    [Test]
    public async Task Should_publish_each_rebuild_once_with_its_cause_and_go_on_when_builds_end()
    {
        await using var tracker = await StartAsync();
        await using var workers = new Queue(_connection, "worker.build-requested");
        await using var outdated = new Queue(_connection, "gateway.image-outdated");

        var before = new[] { "runtime", "tools" }.ToDictionary(NameOf, name => _world.Image(name).Digest);
        var first = await workers.TakeAsync<BuildRequested>(2);
        foreach (var request in first)
            await _gateway.PublishAsync(await _world.BuildAsync(request));
        var after = new[] { "runtime", "tools" }.ToDictionary(NameOf, name => _world.Image(name).Digest);
        var last = (await workers.TakeAsync<BuildRequested>(1))[0];
        await _gateway.PublishAsync(await _world.BuildAsync(last, BuildOutcome.Failed));
        var failed = await outdated.TakeUntilAsync<ImageOutdated>(flag => flag.Outlook == OutdatedOutlook.Failed);

        Assert.Multiple(async () =>
        {
            Assert.That(first.Select(request => request.Image.Repository), Is.EquivalentTo(new[] { "runtime", "tools" }));
            var cause = new BuildCause
            {
                Kind = BuildCauseKind.Cascade,
                CascadeId = Guid.Parse(_world.Graph.Query<string>("select id from cascade").Single()),
                Base = NameOf("os"),
                OldDigest = _world.First("os").Digest,
                NewDigest = _world.Image("os").Digest,
                Evidence = "build record",
                Depth = 1,
            };
            Assert.That(first.Select(request => request.Cause), Is.EqualTo(new[] { cause, cause }));
            Assert.That(before.Keys, Does.Contain(last.Cause!.Base));
            Assert.That(last.Cause, Is.EqualTo(cause with
            {
                Base = last.Cause.Base, OldDigest = before[last.Cause.Base!], NewDigest = after[last.Cause.Base!], Depth = 2,
            }));
            Assert.That((last.Image.Repository, last.Cause!.Depth), Is.EqualTo(("api", 2)));
            Assert.That((failed.Image.Repository, failed.BuildId), Is.EqualTo(("api", (Guid?)last.BuildId)));
            Assert.That(failed.Next, Does.Contain("RUN ended with 7"));
            Assert.That(await workers.CountAsync(), Is.Zero);
            Assert.That(tracker.Output, Does.Contain("because registry.example.org/os:latest moved sha256:"));
        });
    }

    [Test]
    public async Task Should_come_to_the_same_killed_whenever_it_has_asked_for_something()
    {
        await using var tracker = await StartAsync();
        await using var workers = new Queue(_connection, "worker.build-requested");
        var ids = new Dictionary<string, Guid>();
        for (var heard = 0; ids.Count < 3; heard++)
        {
            Assert.That(heard, Is.LessThan(20), "it comes to an end");
            var request = (await workers.TakeAsync<BuildRequested>(1))[0];
            if (!ids.TryAdd(request.Image.Repository, request.BuildId))
            {
                Assert.That(request.BuildId, Is.EqualTo(ids[request.Image.Repository]), "what is told twice is the same");
                continue;
            }

            await tracker.KillAsync();
            await _gateway.PublishAsync(await _world.BuildAsync(request));
            await tracker.StartAgainAsync();
        }

        await Wait.UntilAsync("the end of the cascade", () => _world.Cascades.SequenceEqual(["done"]));
        Assert.That(_world.Outdated, Is.Empty);
        Assert.That(ids.Keys, Is.EquivalentTo(new[] { "runtime", "tools", "api" }));
    }

    [Test]
    public async Task Should_ask_the_Gateway_what_has_become_of_rebuilds_that_are_overdue()
    {
        var asked = await _world.DecideAsync();
        var (lost, ended) = (asked[0], asked[1]);
        await _world.ToldAsync(); // months ago, by the world's clock
        _gateway.Known[ended.BuildId] = new FoundBuild
        {
            BuildId = ended.BuildId, State = "failed", Completed = await _world.BuildAsync(ended, BuildOutcome.Failed),
        };

        await using var tracker = await StartAsync();
        await using var workers = new Queue(_connection, "worker.build-requested");
        var again = (await workers.TakeAsync<BuildRequested>(1))[0];
        await Wait.UntilAsync("the end to be taken", () => _world.Outdated.Contains("tools: failed"));

        Assert.That(again.BuildId, Is.EqualTo(lost.BuildId), "the Gateway does not know it");
        Assert.That(_gateway.AskedFor, Is.EquivalentTo(new[] { lost.BuildId, ended.BuildId }));
    }

    [Test]
    public async Task Should_ask_after_the_others_where_the_Gateway_fails_to_look_one_up()
    {
        var (damaged, ended) = (await _world.DecideAsync()) is [var first, var second] ? (first, second) : default;
        await _world.ToldAsync();
        await _world.Graph.Store.WriteAsync(
            db => { db.Execute("update rebuild set look_at = id"); }, CancellationToken.None); // the damaged one first
        _gateway.Damaged = damaged.BuildId;
        _gateway.Known[ended.BuildId] = new FoundBuild
        {
            BuildId = ended.BuildId, State = "failed", Completed = await _world.BuildAsync(ended, BuildOutcome.Failed),
        };

        await using var tracker = await StartAsync();
        await Wait.UntilAsync(
            "the end of the other to be taken", () => _world.Outdated.Contains($"{ended.Image.Repository}: failed"));

        Assert.That(_gateway.AskedFor, Is.EqualTo(new[] { damaged.BuildId, ended.BuildId }));
        Assert.That(tracker.Output, Does.Contain($"The rebuild {damaged.BuildId} is overdue, and the Gateway fails"));
    }

    [Test]
    public async Task Should_not_publish_a_rebuild_again_that_has_ended_while_the_Gateway_was_asked()
    {
        var build = (await _world.DecideAsync())[0].BuildId;
        await _world.ToldAsync();
        Task WriteAsync(string change) => _world.Graph.Store.WriteAsync(
            db => { db.Execute($"update rebuild set {change} where build = @build", new { build = build.ToString() }); },
            CancellationToken.None);
        await WriteAsync("look_at = 0");
        _gateway.Finding = id => id == build ? WriteAsync("state = 'failed'") : Task.CompletedTask;

        await using var tracker = await StartAsync();
        await Wait.UntilAsync(
            "it to be taken", () => tracker.Output.Contains($"The rebuild {build} is overdue", StringComparison.Ordinal));

        Assert.That(_world.Graph.Query<long>($"select look_at from rebuild where build = '{build}'"), Is.EqualTo(new[] { 0L }));
    }

    [Test]
    public async Task Should_tell_all_else_and_say_what_cannot_be_read()
    {
        var bad = (await _world.DecideAsync()).Single(request => request.Image.Repository == "runtime").BuildId;
        await _world.Graph.Store.WriteAsync(
            db => { db.Execute("update rebuild set request = 'none' where build = @bad", new { bad = bad.ToString() }); },
            CancellationToken.None);
        await using var tracker = await StartAsync();
        await using var workers = new Queue(_connection, "worker.build-requested");

        Assert.That((await workers.TakeAsync<BuildRequested>(1))[0].Image.Repository, Is.EqualTo("tools"));
        await Wait.UntilAsync(
            "it to be said", () => tracker.Output.Contains($"The rebuild {bad} cannot be read", StringComparison.Ordinal));
        await Wait.UntilAsync("it to have failed", () => _world.Outdated.Contains("runtime: failed"));
    }

    [Test]
    public async Task Should_answer_what_the_Gateway_asks()
    {
        await _world.SettleAsync("tools");
        await using var tracker = await StartAsync();

        var outdated = await _gateway.AskAsync<ListOutdated, OutdatedImages>("graph-tracker.list-outdated", new ListOutdated());
        var blocked = await _gateway.AskAsync<ListCascades, Contracts.Cascades>(
            "graph-tracker.list-cascades", new ListCascades { State = "blocked" });
        var id = blocked.Items.Single().CascadeId;
        var details = await _gateway.AskAsync<ReadCascade, CascadeDetails>(
            "graph-tracker.read-cascade", new ReadCascade { CascadeId = id });
        var preview = await _gateway.AskAsync<PreviewCascade, CascadePreview>("graph-tracker.preview-cascade", new PreviewCascade
        {
            Image = new ImageReference { Repository = "os" }, Tag = "latest",
        });
        var unknown = await _gateway.AskAsync<PreviewCascade, CascadePreview>("graph-tracker.preview-cascade", new PreviewCascade
        {
            Image = new ImageReference { Repository = "nowhere" }, Tag = "latest",
        });
        var resumed = await _gateway.AskAsync<ChangeCascade, CascadeChangeTaken>("graph-tracker.change-cascade", new ChangeCascade
        {
            CascadeId = id, Change = CascadeChange.Resume, By = "ann",
        });
        await Wait.UntilAsync("one more try", () => _world.NodesOf(id).Contains("tools latest: queued"));

        Assert.Multiple(() =>
        {
            Assert.That(
                outdated.Images.Select(flag => $"{flag.Image.Repository}: {flag.Outlook}"),
                Is.EquivalentTo(new[] { "tools: Failed", "api: Blocked" }));
            Assert.That(blocked.Items[0].Counts, Is.EquivalentTo(
                new Dictionary<string, int> { ["blocked"] = 1, ["done"] = 1, ["failed"] = 1 }));
            Assert.That(details.Nodes.Select(node => node.State), Is.EqualTo(new[] { "done", "failed", "blocked" }));
            Assert.That(preview.Rebuilt.Select(node => node.Depth), Is.EqualTo(new[] { 1, 1, 2 }));
            Assert.That(unknown.Known, Is.False);
            Assert.That(resumed.Problem, Is.Null);
        });
    }

    [Test]
    public async Task Should_know_what_is_defined_by_the_highest_version_and_by_what_is_listed()
    {
        _gateway.Defined = [Defined("tools", 50, "from the list"), Defined("new", 51, "from the list")];
        await using var tracker = await StartAsync();
        await Wait.UntilAsync("what is not listed to be forgotten", () => _world.Definitions.SequenceEqual(
            ["api 3: forgotten", "new 51: from the list", "runtime 1: forgotten", "tools 50: from the list"]));

        await _gateway.PublishAsync(Defined("tools", 52, "newer"));
        await _gateway.PublishAsync(new ImageForgotten { Image = Image("tools"), Version = 51 });
        await _gateway.PublishAsync(Defined("tools", 49, "older"));
        await _gateway.PublishAsync(new ImageForgotten { Image = Image("new"), Version = 60 });
        await _gateway.PublishAsync(Defined("new", 59, "older"));
        await Wait.UntilAsync("all of them to be taken", () => _world.Definitions.SequenceEqual(
            ["api 3: forgotten", "new 60: forgotten", "runtime 1: forgotten", "tools 52: newer"]));
    }

    private Task<ServiceProcess> StartAsync() => ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
    {
        ["Bus:Address"] = _broker.Address.ToString(),
        ["Store:Folder"] = _world.Folder,
        ["Registries:Default"] = Layers.Graph.Host,
        ["Cascades:SettleSeconds"] = "0",
    });

    private static string NameOf(string repository) => $"{Layers.Graph.Host}/{repository}:latest";

    private static ImageReference Image(string repository) => new() { Registry = Layers.Graph.Host, Repository = repository };

    private static ImageDefined Defined(string repository, long version, string from) => new()
    {
        Image = Image(repository),
        Version = version,
        Source = new GitSource { Git = "https://git.example.org/x.git", Ref = from },
        Tags = ["latest"],
        Rebuild = new RebuildPolicy(),
    };
}
