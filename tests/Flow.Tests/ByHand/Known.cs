using System.Net.Http.Json;
using System.Text.Json;
using Builds.Parts;

namespace Builds.Flow.Tests.ByHand;

/// <summary>What is known of images that were pushed, as anybody can ask.</summary>
public sealed class Known(Installation builds)
{
    private int _markers;

    /// <summary>What a tag stands on, through others too: <c>child → base evidence[ OUTDATED]</c>.</summary>
    public Task StandsOnAsync(string image, params string[] expected) =>
        BecomesAsync($"what {image} stands on", async () =>
            [.. (await GraphAsync(image)).GetProperty("ancestors").EnumerateArray().Select(Words)], expected);

    /// <summary>All that is outdated under a namespace: <c>image: outlook, base</c>, and what is in between.</summary>
    public Task IsOutdatedAsync(string ns, params string[] expected) =>
        BecomesAsync($"what is outdated in {ns}", () => OutdatedAsync(ns), expected);

    /// <summary>What was pushed under this name is known.</summary>
    public async Task HasHeardOfAsync(string image)
    {
        var parts = image.Split(':');
        var digest = await builds.Registry.DigestOfAsync(parts[0], parts[1]);
        await Wait.UntilAsync($"{image} is {digest ?? "gone"}", async () => await DigestOfAsync(image) == digest);
    }

    /// <summary>What followed from all that was heard of until now is shown.</summary>
    public async Task HasDecidedAsync()
    {
        var marker = $"marker-{++_markers}";
        var old = await StackedImage.ShellAsync($"{marker} 1");
        await old.PutAsync(builds.Registry, $"{marker}/os:latest");
        await old.With(marker).PutAsync(builds.Registry, $"{marker}/app:latest");
        await StandsOnAsync($"{marker}/app:latest", $"{marker}/app:latest → {marker}/os:latest layers");
        await (await StackedImage.ShellAsync($"{marker} 2")).PutAsync(builds.Registry, $"{marker}/os:latest");
        await IsOutdatedAsync(marker, $"{marker}/app:latest: notDefined, {marker}/os:latest");
    }

    public async Task<List<string>> OutdatedAsync(string ns)
    {
        var page = await builds.Api.GetFromJsonAsync<JsonElement>($"v1/images?outdated=true&limit=100&q={ns}/");
        return [.. from image in page.GetProperty("images").EnumerateArray()
                   from flag in image.GetProperty("why").EnumerateArray()
                   let through = Text(flag, "through") is { } between ? " through " + Bare(between) : ""
                   select $"{image.GetProperty("image").GetString()}:{Text(flag, "tag")}: {Text(flag, "outlook")}, "
                       + Bare(Text(flag, "base")!) + through];
    }

    /// <summary>What the tag is said to be.</summary>
    public async Task<JsonElement> TagAsync(string image) =>
        (await GraphAsync(image)).GetProperty("tags").EnumerateArray().Single();

    public async Task<bool> IsKnownAsync(string image)
    {
        var parts = image.Split(':');
        using var answer = await builds.Api.GetAsync($"v1/graph?image={parts[0]}&tag={parts[1]}");
        Assert.That((int)answer.StatusCode, Is.EqualTo(200).Or.EqualTo(404), await answer.Content.ReadAsStringAsync());
        return answer.IsSuccessStatusCode;
    }

    public async Task<string?> DigestOfAsync(string image) => Text(await TagAsync(image), "digest");

    public string Bare(string name) => name.Replace(builds.Registry.Host + "/", "", StringComparison.Ordinal);

    private async Task<JsonElement> GraphAsync(string image)
    {
        var parts = image.Split(':');
        return await builds.Api.GetFromJsonAsync<JsonElement>($"v1/graph?image={parts[0]}&tag={parts[1]}");
    }

    private string Words(JsonElement edge) =>
        $"{Bare(Text(edge, "child")!)} → {Bare(Text(edge, "base")!)} {Text(edge, "evidence")}"
        + (edge.GetProperty("outdated").GetBoolean() ? " OUTDATED" : "");

    private static Task BecomesAsync(string what, Func<Task<List<string>>> ask, string[] expected) =>
        Wait.UntilAsync($"{what} to be [{string.Join(" | ", expected)}]", async () =>
        {
            var now = await ask();
            return now.Order().SequenceEqual(expected.Order())
                ? true
                : throw new InvalidOperationException($"it is [{string.Join(" | ", now)}]");
        });

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetString() : null;
}
