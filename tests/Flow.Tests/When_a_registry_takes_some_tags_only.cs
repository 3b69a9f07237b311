using Builds.Parts;

namespace Builds.Flow.Tests;

public sealed class When_a_registry_takes_some_tags_only
{
    private const string Image = "team/half";

    private Installation _builds = null!;
    private ImmutableTags _front = null!;

    [OneTimeSetUp]
    public async Task An_installation()
    {
        _builds = await Installation.StartAsync(new InstallationOptions());
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
        var repository = await _builds.Git.CreateRepositoryAsync("half.git");
        await repository.CommitAsync(Dockerfile(1));
        await _builds.DefineAsync(Image, new
        {
            registry = _front.Host, git = _builds.Git.UrlOf(repository), @ref = "main", tags = new[] { "edge", "1.0", "new" },
        });
        var good = await BuildAsync("edge", "1.0");
        await repository.CommitAsync(Dockerfile(2));
        _front.Closed.Add("1.0");

        var half = await BuildAsync("edge", "new", "1.0", "last");

        Assert.That(good.State, Is.EqualTo("succeeded"), good.Json.ToString());
        Assert.That((half.State, half.Class, half.Attempt), Is.EqualTo(("failed", "author", 1)), half.Json.ToString());
        Assert.That(half.Reason, Does.Contain("the tag is immutable")
            .And.Contain("edge, new had been pushed before (sha256:").And.Contain("), 1.0, last not."));
        await Wait.UntilAsync(
            "edge is put back", async () => await _builds.Registry.DigestOfAsync(Image, "edge") == good.Digest);
        Assert.That(await _builds.Registry.DigestOfAsync(Image, "1.0"), Is.EqualTo(good.Digest));
        Assert.That(half.Reason, Does.Contain((await _builds.Registry.DigestOfAsync(Image, "new"))!));
        Assert.That(await _builds.Registry.DigestOfAsync(Image, "last"), Is.Null);
        await _builds.NothingIsLeftAsync();
        await _builds.NextIsServedAsync();
    }

    private (string, GitFile) Dockerfile(int version) =>
        ("Dockerfile", $"FROM {_builds.Registry.Host}/library/busybox:1\nRUN echo {version} > /version\n");

    private async Task<Build> BuildAsync(params string[] tags) =>
        await _builds.EndOfAsync(await _builds.RequestAsync(Image, new { registry = _front.Host, tags }));
}
