using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests;

public sealed record Answer(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string? ContentType)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>Of a problem.</summary>
    public string? Field => Json["field"]?.GetValue<string>();

    public string Detail => Json["detail"]!.GetValue<string>();
}

/// <summary>Calls the API with one token.</summary>
public sealed class ApiClient
{
    public ApiClient(Uri url, string? token)
    {
        Http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
        if (token is not null)
            Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public HttpClient Http { get; }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<Answer> PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, JsonContent.Create(body));

    public Task<Answer> PostAsync(string path, object? body = null, string? idempotencyKey = null) =>
        SendAsync(HttpMethod.Post, path, body is null ? null : JsonContent.Create(body), idempotencyKey);

    public Task<Answer> PutTextAsync(string path, string body, string contentType = "application/json") =>
        SendAsync(HttpMethod.Put, path, new StringContent(body, Encoding.UTF8, contentType));

    public async Task<Answer> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (idempotencyKey is not null)
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        using var response = await Http.SendAsync(request);
        return new Answer(
            response.StatusCode,
            await response.Content.ReadAsStringAsync(),
            response.Headers,
            response.Content.Headers.ContentType?.ToString());
    }

    /// <summary>Defines an image in the simplest way and returns its name.</summary>
    public async Task<string> DefineAsync(string image, object? body = null)
    {
        var answer = await PutAsync(
            $"v1/images/{image}", body ?? new { git = "https://1.1.1.1/team/api.git", @ref = "main" });
        Assert.That((int)answer.Status, Is.EqualTo(201).Or.EqualTo(200), answer.Text);
        return image;
    }

    /// <summary>Asks for a build and returns its id.</summary>
    public async Task<Guid> BuildAsync(object body)
    {
        var answer = await PostAsync("v1/builds", body);
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Accepted), answer.Text);
        return answer.Json["id"]!.GetValue<Guid>();
    }
}
