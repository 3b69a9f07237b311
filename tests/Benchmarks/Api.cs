using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>The Gateway as its users see it.</summary>
public sealed class Api
{
    private readonly HttpClient _http;

    public Api(HttpClient http, string token)
    {
        _http = http;
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
    }

    public async Task DefineAsync(string image, Uri git)
    {
        using var answer = await _http.PutAsJsonAsync($"v1/images/{image}", new { git, @ref = "main", tags = new[] { "latest" } });
        await SucceededAsync(answer);
    }

    /// <returns>The build's id, once it is accepted.</returns>
    public async Task<Guid> TriggerAsync(string image, string tag)
    {
        using var answer = await _http.PostAsJsonAsync("v1/builds", new { image, tags = new[] { tag } });
        await SucceededAsync(answer);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    /// <summary>Waits for the end, and fails where it is another than success.</summary>
    public async Task SucceededAsync(Guid id)
    {
        var build = await Wait.ForAsync($"the end of build {id}", () => EndedAsync(id), TimeSpan.FromMinutes(10));
        if (build["state"].ToString() != "succeeded")
            throw new PartException($"build {id} did not succeed: {JsonSerializer.Serialize(build)}");
    }

    public async Task<bool> KnowsAsync(Guid id)
    {
        using var answer = await _http.GetAsync($"v1/builds/{id}");
        return answer.IsSuccessStatusCode;
    }

    /// <summary>Line by line, until the build has ended.</summary>
    public async IAsyncEnumerable<string> FollowAsync(Guid id)
    {
        await using var body = await _http.GetStreamAsync($"v1/builds/{id}/log?follow=true");
        using var lines = new StreamReader(body, bufferSize: 1 << 16);
        while (await lines.ReadLineAsync() is { } line)
            yield return line;
    }

    /// <returns>The build, or null while it has not ended.</returns>
    private async Task<Dictionary<string, JsonElement>?> EndedAsync(Guid id)
    {
        var build = (await _http.GetFromJsonAsync<Dictionary<string, JsonElement>>($"v1/builds/{id}"))!;
        return build["state"].ToString() is "accepted" or "queued" or "waiting" or "running" ? null : build;
    }

    private static async Task SucceededAsync(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
            throw new PartException($"{answer.RequestMessage!.RequestUri}: {await answer.Content.ReadAsStringAsync()}");
    }
}
