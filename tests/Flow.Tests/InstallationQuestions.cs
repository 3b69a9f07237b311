using System.Net.Http.Json;
using System.Text.Json;

namespace Builds.Flow.Tests;

/// <summary>What the API tells about images and what they stand on.</summary>
public static class InstallationQuestions
{
    /// <summary>All builds of an image.</summary>
    public static async Task<List<Build>> BuildsOfAsync(this Installation builds, string image)
    {
        var page = await builds.Api.GetFromJsonAsync<JsonElement>($"v1/builds?image={image}");
        return [.. page.GetProperty("builds").EnumerateArray().Select(build => new Build(build))];
    }

    /// <summary>All that is being built.</summary>
    public static async Task<List<Build>> RunningAsync(this Installation builds)
    {
        var page = await builds.Api.GetFromJsonAsync<JsonElement>("v1/builds?state=running");
        return [.. page.GetProperty("builds").EnumerateArray().Select(build => new Build(build))];
    }

    /// <summary>What stands on the image, as text.</summary>
    public static async Task<string> GraphOfAsync(this Installation builds, string image)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/graph?image={image}");
        request.Headers.Accept.ParseAdd("text/plain");
        using var answer = await builds.Api.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>All that is outdated, tag by tag, and why: <c>image</c> beside the flag.</summary>
    public static async Task<List<(string Image, JsonElement Flag)>> OutdatedAsync(this Installation builds)
    {
        var page = await builds.Api.GetFromJsonAsync<JsonElement>("v1/images?outdated=true&limit=100");
        return [.. from image in page.GetProperty("images").EnumerateArray()
                   from flag in image.GetProperty("why").EnumerateArray()
                   select (image.GetProperty("image").GetString()!, flag)];
    }

    /// <summary>Of one root, whatever has become of them.</summary>
    public static async Task<List<string>> StatesOfCascadesAsync(this Installation builds, string root)
    {
        var page = await builds.Api.GetFromJsonAsync<JsonElement>("v1/cascades");
        return [.. from cascade in page.GetProperty("cascades").EnumerateArray()
                   where cascade.GetProperty("root").GetString() == root
                   select cascade.GetProperty("state").GetString()!];
    }
}
