using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Builds.Parts;

/// <summary>A web server in this process, on a free loopback port.</summary>
public sealed class WebServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    public WebServer(Action<WebApplication> routes)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhost(Url.Port);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        _app = builder.Build();
        routes(_app);
    }

    public Uri Url { get; } = new($"http://127.0.0.1:{FreePort.Next()}/");

    public Task StartAsync() => _app.StartAsync();

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync(); // whoever still hangs on a connection is cut
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
