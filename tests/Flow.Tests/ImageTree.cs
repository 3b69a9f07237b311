using System.Text.Json;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>
/// Twelve images on four storeys over one base: two diamonds, one whose builder's base moves and not its own, one that
/// somebody builds by hand and what stands on it, one that names its base by digest.
/// </summary>
public sealed class ImageTree(Installation builds, DockerDaemon byHand)
{
    private const string Root = "library/os";

    /// <summary>Image → Dockerfile, a storey a line of the array. <c>{x}</c> is the latest of that image.</summary>
    private static readonly (string Image, string Dockerfile)[][] Storeys =
    [
        [
            ("team/runtime", "FROM {library/os}\nRUN echo runtime >/runtime"),
            ("team/tools", "FROM {library/os}\nRUN echo tools >/tools"),
            ("team/pinned", "FROM {library/os@}\nRUN echo pinned >/pinned"),
        ],
        [
            ("team/api", "FROM {team/tools} AS tools\nRUN cat /tools\nFROM {team/runtime}\nCOPY --from=tools /tools /tools"),
            ("team/web", "FROM {team/runtime}\nRUN echo web >/web"),
            ("team/static", "FROM {team/tools} AS build\nRUN cat /etc/version /tools >/page\nFROM scratch\nCOPY --from=build /page /"),
            ("team/inner", "FROM {team/outside}\nRUN echo inner >/inner"),
        ],
        [
            ("team/shop", "FROM {team/web} AS web\nRUN cat /web\nFROM {team/api}\nCOPY --from=web /web /web"),
            ("team/jobs", "FROM {team/api}\nRUN echo jobs >/jobs"),
        ],
        [
            ("team/app", "FROM {team/shop}\nRUN echo app >/app"),
            ("team/batch", "FROM {team/jobs}\nRUN echo batch >/batch"),
        ],
    ];

    /// <summary>What is rebuilt, with what it stands on among the others.</summary>
    private static readonly Dictionary<string, string[]> Rebuilt = new()
    {
        ["team/runtime"] = [],
        ["team/tools"] = [],
        ["team/api"] = ["team/runtime", "team/tools"],
        ["team/web"] = ["team/runtime"],
        ["team/static"] = ["team/tools"],
        ["team/shop"] = ["team/api", "team/web"],
        ["team/jobs"] = ["team/api"],
        ["team/app"] = ["team/shop"],
        ["team/batch"] = ["team/jobs"],
    };

    /// <summary>What stays behind, and what is said of it.</summary>
    private static readonly Dictionary<string, string> Explained = new()
    {
        ["team/inner"] = "ancestor",
        ["team/outside"] = "notDefined",
        ["team/pinned"] = "pinned",
    };

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
                await builds.DefineAsync(image, ("Dockerfile", Written(dockerfile)));
                started.Add(await builds.RequestAsync(image));
            }

            foreach (var id in started)
                Assert.That((await builds.EndOfAsync(id)).State, Is.EqualTo("succeeded"), await builds.LogOfAsync(id));
        }

        foreach (var image in Rebuilt.Keys.Concat(Explained.Keys))
            _planted[image] = await DigestOfAsync(image);
        await Wait.UntilAsync("the whole tree stands on the base", async () =>
        {
            var graph = await builds.GraphOfAsync(Root);
            return Rebuilt.Keys.Concat(Explained.Keys).All(image => graph.Contains($"{Name(image)}", StringComparison.Ordinal));
        });
    }

    /// <summary>A new version of what all of it stands on.</summary>
    /// <returns>Its digest.</returns>
    public Task<string> MoveRootAsync() => builds.Registry.PushNewBaseAsync(Root, "latest");

    /// <summary>Every image once, none before what it stands on, all on the new base, and the rest explained.</summary>
    public async Task IsRebuiltAsync()
    {
        await Wait.UntilAsync("nothing is outdated but what is explained", async () =>
            (await OutdatedAsync()).Select(flag => flag.Image).ToHashSet().SetEquals(Explained.Keys), TimeSpan.FromMinutes(4));
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
                (await OutdatedAsync()).ToDictionary(flag => flag.Image, flag => flag.Outlook), Is.EquivalentTo(Explained));
        });
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
        var all = await builds.BuildsOfAsync(image);
        var rebuilds = all.Where(build => build.CauseKind == "cascade").ToList();
        Assert.That(rebuilds, Has.Count.EqualTo(1), $"rebuilds of {image}: {string.Join("\n", all)}");
        Assert.That(all, Has.Count.EqualTo(2), image);
        Assert.That(rebuilds[0].State, Is.EqualTo("succeeded"), image);
        return rebuilds[0];
    }

    private async Task<List<(string Image, string Outlook)>> OutdatedAsync()
    {
        var page = JsonDocument.Parse(await builds.Api.GetStringAsync("v1/images?outdated=true&limit=100")).RootElement;
        return [.. from image in page.GetProperty("images").EnumerateArray()
                   from flag in image.GetProperty("why").EnumerateArray()
                   select (image.GetProperty("image").GetString()!, flag.GetProperty("outlook").GetString()!)];
    }

    private string Name(string image) => $"{builds.Registry.Host}/{image}:latest";

    private async Task<string> DigestOfAsync(string image) => (await builds.Registry.DigestOfAsync(image, "latest"))!;

    private async Task<List<string>> LayersOfAsync(string image) =>
        [.. (await builds.Registry.ConfigOfAsync(image, "latest")).GetProperty("rootfs").GetProperty("diff_ids")
            .EnumerateArray().Select(layer => layer.GetString()!)];

    private int Puts(string image) =>
        builds.Registry.Output.Split('\n')
            .Count(line => line.Contains($"\"PUT /v2/{image}/manifests/latest HTTP/1.1\" 201", StringComparison.Ordinal));
}
