using System.Text.Json;
using Builds.Parts;
using static Builds.Flow.Tests.TreeImages;

namespace Builds.Flow.Tests;

/// <summary>What people are told of a tree whose base has moved.</summary>
public sealed class TreeMail(Installation builds, ImageTree tree, People people)
{
    /// <summary>All is known to be outdated, and the rebuilds of the lowest storey are asked for.</summary>
    public Task IsKnownAsync() => Wait.UntilAsync("all is known, and the first rebuilds are queued", async () =>
    {
        var flags = await builds.OutdatedAsync();
        var asked = flags.Where(one => Text(one.Flag, "buildId") is not null).ToList();
        var states = new List<string>();
        foreach (var (_, flag) in asked)
            states.Add((await builds.BuildAsync(flag.GetProperty("buildId").GetGuid())).State);
        return (Are(flags, All) && Are(asked, Lowest) && states.All(state => state == "queued"))
            ? true
            : throw new InvalidOperationException(
                $"{string.Join('\n', flags)}\n{string.Join(' ', states)}\n{builds.Outputs()}");
    });

    /// <summary>One mail lists all twelve, and of each why it is there and what is being done.</summary>
    public async Task TellsAllAsync(string address, string oldRoot, string newRoot)
    {
        var letter = await people.FirstToAsync(address);
        var flags = (await builds.OutdatedAsync()).ToDictionary(one => tree.Name(one.Image), one => one.Flag);
        Assert.That(letter.Images.Keys, Is.EquivalentTo(flags.Keys));
        Assert.That(letter.Subject, Does.EndWith("and 11 more: outdated"));
        Assert.Multiple(() =>
        {
            foreach (var (image, facts) in letter.Images)
                IsAsShown(image, facts, flags[image]);
            foreach (var image in Lowest.Select(tree.Name))
            {
                var moved = $"{tree.Name(Root)} moved {oldRoot} → {newRoot}";
                Assert.That(letter.Images[image]["base"], Is.EqualTo(moved));
                Assert.That(letter.Images[image].ContainsKey("rebuild"), image);
            }
        });
    }

    /// <summary>Nobody was told the same thing twice, nor anything where nobody is to be told.</summary>
    public async Task IsToldOnceAsync(int? letters = null)
    {
        await People.NoneWaitsAsync(builds);
        foreach (var address in new[] { People.Owner, People.Contributor })
        {
            var told = people.To(address).SelectMany(letter => letter.Images.Keys).ToList();
            Assert.That(told, Is.Unique.And.SubsetOf(All.Select(tree.Name)), address);
            Assert.That(told, Is.SupersetOf(Explained.Keys.Select(tree.Name)), address);
            if (letters is { } count)
                Assert.That(people.To(address), Has.Count.EqualTo(count), address);
        }

        Assert.That(people.To(People.Viewer), Is.Empty, "who may only look");
        Assert.That(people.To(People.Stranger), Is.Empty, "who belongs to another namespace");
    }

    private static void IsAsShown(string image, IReadOnlyDictionary<string, string> facts, JsonElement flag)
    {
        var how = Text(flag, "through") is { } through ? $"through {through}" : "directly";
        var moved = $"{Text(flag, "oldDigest")} → {Text(flag, "newDigest")}";
        Assert.That(facts["base"], Is.EqualTo($"{Text(flag, "base")} moved {moved}"), image);
        Assert.That(facts["how"], Is.EqualTo($"{how}, known by {Text(flag, "evidence")}"), image);
        Assert.That(facts["now"], Is.EqualTo(Text(flag, "next")), image);
        Assert.That(
            facts.GetValueOrDefault("rebuild"), Is.EqualTo(Text(flag, "buildId") is null ? null : "queued"), image);
    }

    private static bool Are(IEnumerable<(string Image, JsonElement Flag)> flags, IEnumerable<string> images) =>
        flags.Select(one => one.Image).ToHashSet().SetEquals(images);

    private static string? Text(JsonElement flag, string name) =>
        flag.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static IEnumerable<string> Lowest => Rebuilt.Where(one => one.Value.Length == 0).Select(one => one.Key);
}
