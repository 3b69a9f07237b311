using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>A new base ships no source that nobody has released, unless that is wanted.</summary>
public sealed class When_a_branch_moves_on_before_a_base
{
    private const string Base = "library/os";

    private Installation _builds = null!;

    [OneTimeSetUp]
    public async Task An_installation_with_a_graph() => _builds = await Installation.StartAsync(new InstallationOptions
    {
        Provider = "dockerd",
        Graph = true,
        GraphTrackerSettings = new Dictionary<string, string> { ["Cascades:SettleSeconds"] = "0" },
    });

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    [Test]
    public async Task Should_rebuild_the_commit_that_was_built_or_the_tip_as_defined()
    {
        var oldBase = await _builds.Registry.PushNewBaseAsync(Base, "latest");
        var repository = await _builds.Git.CreateRepositoryAsync("shared.git");
        var built = await repository.CommitAsync(("Dockerfile", Dockerfile("built")));
        foreach (var source in new[] { "asBuilt", "followRef" })
        {
            await _builds.DefineAsync(ImageOf(source), new
            {
                git = _builds.Git.UrlOf(repository), @ref = "main", tags = new[] { "latest" }, rebuild = new { source },
            });
            var first = await _builds.EndOfAsync(await _builds.RequestAsync(ImageOf(source)));
            Assert.That((first.State, first.Commit), Is.EqualTo(("succeeded", built)), first.Json.ToString());
        }

        await Wait.UntilAsync("both stand on the base", async () =>
            await _builds.GraphOfAsync(Base) is var graph
            && graph.Contains(ImageOf("asBuilt")) && graph.Contains(ImageOf("followRef")));
        var tip = await repository.CommitAsync(("Dockerfile", Dockerfile("tip")));
        var newBase = await _builds.Registry.PushNewBaseAsync(Base, "latest");

        var why = $"rebuilt because {_builds.Registry.Host}/{Base}:latest moved {oldBase} → {newBase}";
        await IsRebuiltAsync("asBuilt", built, why);
        await IsRebuiltAsync("followRef", tip, why);
    }

    private async Task IsRebuiltAsync(string source, string commit, string why)
    {
        var image = ImageOf(source);
        var rebuild = await Wait.ForAsync($"a rebuild of {image}", async () =>
            (await _builds.BuildsOfAsync(image)).Find(build => build.CauseKind == "cascade"));
        var build = await _builds.EndOfAsync(rebuild.Id);

        Assert.That((build.State, build.Commit), Is.EqualTo(("succeeded", commit)), build.Json.ToString());
        Assert.That(await _builds.Registry.DigestOfAsync(image, "latest"), Is.EqualTo(build.Digest));
        var labels = await _builds.Registry.LabelsOfAsync(image, "latest");
        Assert.That(labels["org.opencontainers.image.revision"], Is.EqualTo(commit));
        var cause = build.Json.GetProperty("cause");
        var log = (await _builds.LogOfAsync(build.Id)).Split('\n');
        Assert.That(log[0], Does.EndWith(why));
        Assert.That(log[1], Does.EndWith($"evidence: build record; cascade {cause.GetProperty("cascadeId")}, depth 1"));
    }

    private string Dockerfile(string what) => $"FROM {_builds.Registry.Host}/{Base}:latest\nRUN echo {what} >/what\n";

    private static string ImageOf(string source) => $"team/{source.ToLowerInvariant()}";
}
