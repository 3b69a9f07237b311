using System.Text.Json;
using System.Text.Json.Nodes;
using Builds.Contracts;
using Builds.Parts;
using Builds.ServiceDefaults;

namespace Builds.Gateway.Tests.Flagging;

/// <summary>What GraphTracker tells, as plain JSON.</summary>
internal static class Told
{
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    public static readonly DateTimeOffset Since = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static ImageOutdated Flag(string repository, string tag = "latest") => new()
    {
        Image = new ImageReference { Registry = TheGateway.Registry, Repository = repository },
        Tag = tag,
        Digest = Digest('c'),
        Base = "registry.test:5000/library/os:1",
        OldDigest = Digest('a'),
        NewDigest = Digest('b'),
        Evidence = "build record",
        Since = Since,
        Next = "a rebuild is queued",
        Outlook = OutdatedOutlook.Rebuild,
    };

    /// <summary>Returns once the Gateway shows it.</summary>
    public static async Task OutdatedAsync(TheGateway gateway, ImageOutdated flag)
    {
        await gateway.Amqp.PublishAsync("image-outdated", JsonSerializer.SerializeToNode(flag, Json)!);
        await Wait.UntilAsync("the flag", async () => (await FlagsAsync(gateway, flag.Image.Repository)).Any(
            one => (string?)one!["tag"] == flag.Tag && (string?)one["next"] == flag.Next));
    }

    public static async Task CurrentAsync(TheGateway gateway, string repository, string tag = "latest")
    {
        await gateway.Amqp.PublishAsync("image-current", JsonSerializer.SerializeToNode(
            new ImageCurrent
            {
                Image = new ImageReference { Registry = TheGateway.Registry, Repository = repository },
                Tag = tag, Digest = Digest('d'), Since = Since.AddHours(1),
            },
            Json)!);
        await Wait.UntilAsync("no flag", async () =>
            !(await FlagsAsync(gateway, repository)).Any(one => (string?)one!["tag"] == tag));
    }

    public static async Task<JsonArray> FlagsAsync(TheGateway gateway, string repository)
    {
        var answer = await gateway.Admin.GetAsync($"v1/images/{repository}");
        return (int)answer.Status == 404 ? [] : answer.Json["outdated"]!.AsArray();
    }

    public static string Digest(char digit) => "sha256:" + new string(digit, 64);
}
