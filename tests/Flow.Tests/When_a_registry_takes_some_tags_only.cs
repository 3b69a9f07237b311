using System.Text.Json;
using Builds.Parts;

namespace Builds.Flow.Tests;

public sealed class When_a_registry_takes_some_tags_only
{
    private Installation _builds = null!;
    private ImmutableTags _front = null!;

    [OneTimeSetUp]
    public async Task An_installation()
    {
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            GatewaySettings = new Dictionary<string, string>
            {
                ["Claims:RenewalLimitSeconds"] = "8", // instead of a minute
                ["Claims:SweepSeconds"] = "1",
            },
            WorkerSettings = new Dictionary<string, string> { ["Worker:RenewalSeconds"] = "2" },
        });
        _front = await ImmutableTags.BeforeAsync(_builds.Registry);
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_front is not null)
            await _front.DisposeAsync();
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    [Test]
    public async Task Should_be_left_with_those_of_the_last_build_that_succeeded()
    {
        const string image = "team/half";
        var repository = await DefineAsync(image);
        var good = await BuildAsync(image, "edge", "1.0");
        await repository.CommitAsync(Dockerfile(2));
        _front.Closed.Add("1.0");

        var half = await BuildAsync(image, "edge", "new", "1.0", "last");

        Assert.That(good.State, Is.EqualTo("succeeded"), good.Json.ToString());
        Assert.That((half.State, half.Class, half.Attempt), Is.EqualTo(("failed", "author", 1)), half.Json.ToString());
        Assert.That(half.Reason, Does.Contain("the tag is immutable")
            .And.Contain("edge, new had been pushed before (sha256:").And.Contain("), 1.0, last not."));
        await IsPutBackAsync(image, "edge", good.Digest!);
        Assert.That(await _builds.Registry.DigestOfAsync(image, "1.0"), Is.EqualTo(good.Digest));
        Assert.That(half.Reason, Does.Contain((await _builds.Registry.DigestOfAsync(image, "new"))!));
        Assert.That(await _builds.Registry.DigestOfAsync(image, "last"), Is.Null);
        await _builds.NothingIsLeftAsync();
        await _builds.NextIsServedAsync();
    }

    [Test]
    public async Task Should_be_left_with_what_somebody_has_released_by_hand_since()
    {
        const string image = "team/half-by-hand";
        var repository = await DefineAsync(image);
        var good = await BuildAsync(image, "edge", "1.0");
        Assert.That(good.State, Is.EqualTo("succeeded"), good.Json.ToString());
        var byHand = await _builds.Registry.PushNewBaseAsync(image, "edge");
        await repository.CommitAsync(Dockerfile(2));
        _front.Closed.Add("1.0");

        var half = await BuildAsync(image, "edge", "1.0");

        Assert.That((half.State, half.Attempt), Is.EqualTo(("failed", 1)), half.Json.ToString());
        Assert.That(half.Reason, Does.Contain("edge had been pushed before (sha256:"));
        await IsPutBackAsync(image, "edge", byHand);
    }

    [Test]
    public async Task Should_be_left_with_what_it_had_where_a_worker_is_killed_half_way_and_somebody_pushes_the_rest()
    {
        const string image = "team/half-killed";
        var repository = await DefineAsync(image);
        var good = await BuildAsync(image, "edge", "1.0");
        Assert.That(good.State, Is.EqualTo("succeeded"), good.Json.ToString());
        await repository.CommitAsync(Dockerfile(2));
        var byHand = new TaskCompletionSource<string>();
        _front.OnTag = async tag =>
        {
            if (tag != "1.0" || byHand.Task.IsCompleted)
                return;
            _front.Closed.Add(tag); // the daemon goes on without its worker
            await _builds.Workers[0].KillAsync();
            byHand.SetResult(await _builds.Registry.PushNewBaseAsync(image, tag));
        };

        var id = await RequestAsync(image, repository, replaces: good.Digest!);
        var others = await byHand.Task.WaitAsync(TimeSpan.FromMinutes(2));
        var halfway = await _builds.Registry.DigestOfAsync(image, "edge");
        await _builds.Workers[0].StartAgainAsync();
        var build = await _builds.EndOfAsync(id);

        Assert.That((build.State, build.Attempt), Is.EqualTo(("superseded", 2)), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain(others).And.Contain($"had pushed edge, which is put back to {good.Digest}"));
        Assert.That(halfway, Is.Not.EqualTo(good.Digest));
        await IsPutBackAsync(image, "edge", good.Digest!);
        Assert.That(await _builds.Registry.DigestOfAsync(image, "1.0"), Is.EqualTo(others));
    }

    [TearDown]
    public void Open()
    {
        _front.OnTag = _ => Task.CompletedTask;
        _front.Closed.Clear();
    }

    private async Task<GitRepository> DefineAsync(string image)
    {
        var repository = await _builds.Git.CreateRepositoryAsync(image.Replace('/', '-') + ".git");
        await repository.CommitAsync(Dockerfile(1));
        await _builds.DefineAsync(image, new
        {
            registry = _front.Host, git = _builds.Git.UrlOf(repository), @ref = "main", tags = new[] { "edge", "1.0", "new" },
        });
        return repository;
    }

    private (string, GitFile) Dockerfile(int version) =>
        ("Dockerfile", $"FROM {_builds.Registry.Host}/library/busybox:1\nRUN echo {version} > /version\n");

    private async Task<Build> BuildAsync(string image, params string[] tags) =>
        await _builds.EndOfAsync(await _builds.RequestAsync(image, new { registry = _front.Host, tags }));

    private async Task<Guid> RequestAsync(string image, GitRepository repository, string replaces)
    {
        var id = Guid.NewGuid();
        await using var portus = await Publisher.ConnectAsync(_builds.Broker);
        await portus.SendAsync(JsonSerializer.Serialize(new
        {
            buildId = id, image = new { registry = _front.Host, repository = image }, tags = new[] { "edge", "1.0" },
            source = new { git = _builds.Git.UrlOf(repository), @ref = "main" },
            requestedAt = TimeProvider.System.GetUtcNow(), replaces,
        }));
        return id;
    }

    private Task IsPutBackAsync(string image, string tag, string digest) => Wait.UntilAsync(
        $"{tag} is put back", async () => await _builds.Registry.DigestOfAsync(image, tag) == digest);
}
