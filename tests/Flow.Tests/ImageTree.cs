using System.Text.Json;
using Builds.Parts;
using static Builds.Flow.Tests.TreeImages;

namespace Builds.Flow.Tests;

/// <summary><see cref="TreeImages"/>, planted over a registry that notifies.</summary>
/// <param name="topSource">Where given, the git server of the top storey is reached through it.</param>
public sealed class ImageTree(Installation builds, DockerDaemon byHand, FaultProxy? topSource = null)
{
    private readonly Dictionary<string, string> _planted = [];
    private string _oldRoot = "";

    /// <summary>Builds all of it, the lower storeys first, each from a repository of its own.</summary>
    public async Task PlantAsync()
    {
        _oldRoot = await builds.Registry.PushNewBaseAsync(Root, "latest");
        await BuildByHandAsync("team/outside");
        foreach (var storey in Storeys)
        {
            var started = new List<Guid>();
            foreach (var (image, dockerfile) in storey)
            {
                await DefineAsync(image, dockerfile);
                started.Add(await builds.RequestAsync(image));
            }

            foreach (var id in started)
                Assert.That((await builds.EndOfAsync(id)).State, Is.EqualTo("succeeded"), await builds.LogOfAsync(id));
        }

        foreach (var image in All)
            _planted[image] = await DigestOfAsync(image);
        await Wait.UntilAsync("the whole tree stands on the base", async () =>
        {
            var graph = await builds.GraphOfAsync(Root);
            return All.All(image => graph.Contains(Name(image), StringComparison.Ordinal));
        });
    }

    /// <summary>A new version of what all of it stands on.</summary>
    /// <returns>Its digest.</returns>
    public Task<string> MoveRootAsync() => builds.Registry.PushNewBaseAsync(Root, "latest");

    /// <summary>Every image once, none before what it stands on, all on the new base, and the rest explained.</summary>
    public async Task IsRebuiltAsync()
    {
        await Wait.UntilAsync("nothing is outdated but what is explained", async () =>
            (await builds.OutdatedAsync()).Select(flag => flag.Image).ToHashSet().SetEquals(Explained.Keys), TimeSpan.FromMinutes(4));
        var rebuilds = new Dictionary<string, Build>();
        foreach (var image in Rebuilt.Keys)
            rebuilds[image] = await OnlyRebuildOfAsync(image);

        var newRoot = await LayersOfAsync(Root);
        Assert.Multiple(async () =>
        {
            foreach (var (image, bases) in Rebuilt)
            {
                var build = rebuilds[image];
                Assert.That(await DigestOfAsync(image), Is.EqualTo(build.Digest).And.Not.EqualTo(_planted[image]), image);
                Assert.That(Puts(image), Is.InRange(2, build.Attempt + 1), $"manifests put of {image}");
                foreach (var one in bases)
                    Assert.That(build.StartedAt, Is.GreaterThanOrEqualTo(rebuilds[one].FinishedAt), $"{image} after {one}");
                if (image != "team/static")
                    Assert.That((await LayersOfAsync(image)).Take(newRoot.Count), Is.EqualTo(newRoot), image);
            }

            foreach (var image in Explained.Keys)
                Assert.That(await DigestOfAsync(image), Is.EqualTo(_planted[image]), image);
            Assert.That(
                (await builds.OutdatedAsync())
                    .ToDictionary(one => one.Image, one => one.Flag.GetProperty("outlook").GetString()!),
                Is.EquivalentTo(Explained));
        });
    }

    /// <summary>How many are to be rebuilt below the top storey.</summary>
    public static int BelowTop => Rebuilt.Keys.Count(image => !IsTop(image));

    /// <summary>How many of those are rebuilt by now.</summary>
    public async Task<int> RebuiltBelowTopAsync()
    {
        var count = 0;
        foreach (var image in Rebuilt.Keys.Where(image => !IsTop(image)))
            count += await DigestOfAsync(image) == _planted[image] ? 0 : 1;
        return count;
    }

    private async Task DefineAsync(string image, string dockerfile)
    {
        var repository = await builds.DefineAsync(image, ("Dockerfile", Written(dockerfile)));
        if (topSource is null || !IsTop(image))
            return;
        await builds.DefineAsync(
            image,
            new { git = $"http://{topSource.Host}/{repository.Name}", @ref = "main", tags = new[] { "latest" } });
    }

    private string Written(string dockerfile) =>
        dockerfile
            .Replace("{library/os@}", $"{builds.Registry.Host}/{Root}@{_oldRoot}", StringComparison.Ordinal)
            .Replace("{", builds.Registry.Host + "/", StringComparison.Ordinal)
            .Replace("}", ":latest", StringComparison.Ordinal);

    // Its layers are all that tells what it stands on.
    private async Task BuildByHandAsync(string image)
    {
        using var folder = new TempFolder("by-hand");
        await File.WriteAllTextAsync(folder.File("Dockerfile"), Written("FROM {library/os}\nRUN echo outside >/outside"));
        await byHand.DockerAsync("build", "--tag", Name(image), folder.FullPath);
        await byHand.DockerAsync("push", Name(image));
    }

    private async Task<Build> OnlyRebuildOfAsync(string image)
    {
        foreach (var build in await builds.BuildsOfAsync(image))
            await builds.EndOfAsync(build.Id); // its tag has moved, and its end may not be told yet
        var all = await builds.BuildsOfAsync(image);
        var rebuilds = all.Where(build => build.CauseKind == "cascade").ToList();
        Assert.That(rebuilds, Has.Count.EqualTo(1), $"rebuilds of {image}: {string.Join("\n", all)}");
        Assert.That(all, Has.Count.EqualTo(2), image);
        Assert.That(rebuilds[0].State, Is.EqualTo("succeeded"), image);
        return rebuilds[0];
    }

    public string Name(string image) => $"{builds.Registry.Host}/{image}:latest";

    private async Task<string> DigestOfAsync(string image) => (await builds.Registry.DigestOfAsync(image, "latest"))!;

    private async Task<List<string>> LayersOfAsync(string image) =>
        [.. (await builds.Registry.ConfigOfAsync(image, "latest")).GetProperty("rootfs").GetProperty("diff_ids")
            .EnumerateArray().Select(layer => layer.GetString()!)];

    private int Puts(string image) =>
        builds.Registry.Output.Split('\n')
            .Count(line => line.Contains($"\"PUT /v2/{image}/manifests/latest HTTP/1.1\" 201", StringComparison.Ordinal));
}
