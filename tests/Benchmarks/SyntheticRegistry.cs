using Builds.Parts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Builds.Benchmarks;

/// <summary>A registry on loopback that has what is pushed, as <c>latest</c> of its repository, and nothing else.</summary>
public sealed class SyntheticRegistry : IAsyncDisposable
{
    private readonly Dictionary<string, PushedImage> _images;
    private readonly WebServer _server;
    private int _read;

    private SyntheticRegistry(IEnumerable<PushedImage> images)
    {
        _images = images.ToDictionary(image => image.Repository);
        _server = new WebServer(app => app.Run(AnswerAsync));
    }

    public Uri Url => _server.Url;

    /// <summary>Configurations that it gave out.</summary>
    public int Read => _read;

    public static async Task<SyntheticRegistry> StartAsync(IEnumerable<PushedImage> images)
    {
        var registry = new SyntheticRegistry(images);
        await registry._server.StartAsync();
        return registry;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    // /v2/tree-1/image/2/3/manifests/latest
    private Task AnswerAsync(HttpContext context)
    {
        var parts = context.Request.Path.Value!.Split('/');
        if (parts.Length < 5 || !_images.TryGetValue(string.Join('/', parts[2..^2]), out var image))
            return MissingAsync(context);
        switch (parts[^2])
        {
            case "manifests" when parts[^1] == "latest" || parts[^1] == image.Digest:
                context.Response.Headers["Docker-Content-Digest"] = image.Digest;
                return SendAsync(context, PushedImage.MediaType, image.Manifest);
            case "blobs" when parts[^1] == image.ConfigDigest:
                Interlocked.Increment(ref _read);
                return SendAsync(context, "application/octet-stream", image.Config);
            default:
                return MissingAsync(context);
        }
    }

    private static Task MissingAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static async Task SendAsync(HttpContext context, string type, byte[] bytes)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(bytes);
    }
}
