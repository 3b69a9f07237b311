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

    /// <summary>What stands on the image, as text.</summary>
    public static async Task<string> GraphOfAsync(this Installation builds, string image)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/graph?image={image}");
        request.Headers.Accept.ParseAdd("text/plain");
        using var answer = await builds.Api.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }
}
