using System.Text.Json;
using System.Text.Json.Nodes;
using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Tests.Layers;
using Dapper;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_a_recorded_build_is_repeated
{
    private static readonly string[] New =
    [
        nameof(BuildRequested.BuildId), nameof(BuildRequested.RequestedAt), nameof(BuildRequested.Cause),
        nameof(BuildRequested.Replaces),
    ];

    private World _world = null!;

    [SetUp]
    public async Task Built()
    {
        _world = World.Empty();
        await _world.PushAsync("os", "1");
        _world.Name("api", "latest", "2");
        await _world.GrowAsync("api", "os");
        var build = Graph.Built("api", "latest", _world.Image("api"), Graph.Used("os:latest", _world.Image("os")));
        await _world.Graph.BuiltAsync(build with
        {
            Image = Asked.Image,
            Tags = Asked.Tags,
            Pushed = Asked.Tags,
            Source = Asked.Source,
            BuildArgs = Asked.BuildArgs,
            Target = Asked.Target,
            Platform = Asked.Platform,
            Labels = Asked.Labels,
            NoCache = Asked.NoCache,
            TimeoutSeconds = Asked.TimeoutSeconds,
            CompletedAt = _world.Graph.Now + TimeSpan.FromSeconds(1),
        });
        await _world.Graph.Store.WriteAsync(db => { db.Execute("delete from question"); }, CancellationToken.None);
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_ask_for_all_that_was_asked_for_then()
    {
        await _world.PushAsync("os", "2");

        var repeated = Fields((await _world.DecideAsync()).Single());

        var asked = Fields(Asked);
        Assert.That(asked.Where(field => field.Value is null).Select(field => field.Key),
            Is.EqualTo(new[] { "credentials" }), "which no message may carry");
        foreach (var name in New.Select(JsonNamingPolicy.CamelCase.ConvertName))
            Assert.That(asked.Remove(name) && repeated.Remove(name), name);
        Assert.That(repeated.ToJsonString(), Is.EqualTo(asked.ToJsonString()));
    }

    [Test]
    public async Task Should_repeat_a_build_that_did_not_tell_all()
    {
        await _world.Graph.Store.WriteAsync(
            db => db.Execute("""
                update build set completed = json_remove(completed, '$.labels', '$.noCache', '$.timeoutSeconds')
                """), CancellationToken.None);
        await _world.PushAsync("os", "2");

        var repeated = (await _world.DecideAsync()).Single();

        Assert.That(repeated.Target, Is.EqualTo(Asked.Target));
        Assert.That(repeated.Labels, Is.Null);
        Assert.That(repeated.NoCache, Is.Null);
        Assert.That(repeated.TimeoutSeconds, Is.Null);
    }

    private static BuildRequested Asked { get; } = new()
    {
        BuildId = Guid.NewGuid(),
        Image = new ImageReference { Registry = Graph.Host, Repository = "api" },
        Tags = ["latest", "2"],
        Source = new GitSource
        {
            Git = "https://git.example.org/api.git",
            Ref = "main",
            Commit = new string('c', 40),
            Dockerfile = "docker/Dockerfile",
            Context = "docker",
            Submodules = true,
        },
        RequestedAt = DateTimeOffset.UnixEpoch,
        BuildArgs = new Dictionary<string, string> { ["A"] = "1" },
        Target = "runtime",
        Platform = "linux/arm64",
        Labels = new Dictionary<string, string> { ["org.example.team"] = "api" },
        NoCache = true,
        TimeoutSeconds = 90,
        Cause = new BuildCause { Kind = BuildCauseKind.Portus },
        Replaces = Graph.Digest("whatever was there then"),
    };

    // Those that are not told are there as nulls, so that none is forgotten when the message grows.
    private static JsonObject Fields(BuildRequested request)
    {
        var json = JsonSerializer.SerializeToNode(request, Snapshots.Json)!.AsObject();
        foreach (var property in typeof(BuildRequested).GetProperties())
            json.TryAdd(JsonNamingPolicy.CamelCase.ConvertName(property.Name), null);
        return json;
    }
}
