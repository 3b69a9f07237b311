using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Builds.Parts;

/// <summary>
/// Before a real registry: passes everything on but what would give some tags a manifest, as registries with immutable
/// tags do.
/// </summary>
public sealed class ImmutableTags : IAsyncDisposable
{
    private static readonly string[] Hops = ["Connection", "Host", "Transfer-Encoding"];

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly Registry _registry;
    private readonly WebServer _server;

    private ImmutableTags(Registry registry)
    {
        _registry = registry;
        _server = new WebServer(app => app.Run(AnswerAsync));
    }

    /// <summary>Those that may not be given a manifest.</summary>
    public HashSet<string> Closed { get; } = [];

    /// <summary>Called with a tag that is about to be given a manifest, or refused one.</summary>
    public Func<string, Task> OnTag { get; set; } = _ => Task.CompletedTask;

    /// <summary>How that is said.</summary>
    public HttpStatusCode Status { get; set; } = HttpStatusCode.Forbidden;

    /// <summary><c>127.0.0.1:port</c></summary>
    public string Host => _server.Url.Authority;

    public static async Task<ImmutableTags> BeforeAsync(Registry registry)
    {
        var front = new ImmutableTags(registry);
        await front._server.StartAsync();
        return front;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _http.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (asked, answer) = (context.Request, context.Response);
        if (asked.Method == "PUT" && asked.Path.Value!.Split("/manifests/") is [_, var tag])
            await OnTag(tag);
        if (asked.Method == "PUT" && Closed.Any(closed => asked.Path.Value!.EndsWith($"/manifests/{closed}")))
        {
            answer.StatusCode = (int)Status;
            await answer.WriteAsJsonAsync(new { errors = new[] { new { code = "DENIED", message = "the tag is immutable" } } });
            return;
        }

        using var request = new HttpRequestMessage(
            new HttpMethod(asked.Method), new Uri(_registry.Url, asked.Path + asked.QueryString));
        request.Headers.Host = asked.Host.Value; // where uploads go on is told by that name
        if (asked.ContentLength is not null || asked.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(asked.Body);
        foreach (var (name, values) in asked.Headers.Where(header => !Hops.Contains(header.Key)))
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());

        using var answered = await _http.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        answer.StatusCode = (int)answered.StatusCode;
        foreach (var (name, values) in answered.Headers.Concat(answered.Content.Headers))
            if (!Hops.Contains(name))
                answer.Headers[name] = values.ToArray();
        await answered.Content.CopyToAsync(answer.Body, context.RequestAborted);
    }
}
