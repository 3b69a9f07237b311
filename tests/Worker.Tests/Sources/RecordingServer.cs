using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Builds.Worker.Tests.Sources;

/// <summary>Remembers what it was sent for authorization, and wants more unless told otherwise.</summary>
internal sealed class RecordingServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _authorizations = [];
    private readonly WebApplication _app;

    private RecordingServer(Action<HttpContext> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(context =>
        {
            _authorizations.Enqueue(context.Request.Headers.Authorization.ToString());
            answer(context);
            return Task.CompletedTask;
        });
    }

    public IReadOnlyCollection<string> Authorizations => _authorizations;

    public Uri Url => new(_app.Urls.Single());

    public static async Task<RecordingServer> StartAsync(Action<HttpContext>? answer = null)
    {
        var server = new RecordingServer(
            answer ?? (context => context.Response.StatusCode = StatusCodes.Status401Unauthorized));
        await server._app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
