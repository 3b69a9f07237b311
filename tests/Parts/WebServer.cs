using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Builds.Parts;

/// <summary>A web server in this process, on a free loopback port.</summary>
public sealed class WebServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    /// <param name="certificate">It is reached by https with this; by http where left out.</param>
    public WebServer(Action<WebApplication> routes, X509Certificate2? certificate = null)
    {
        Url = new Uri($"{(certificate is null ? "http" : "https")}://127.0.0.1:{FreePort.Next()}/");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhost(Url.Port, listen =>
            {
                if (certificate is not null)
                    listen.UseHttps(certificate);
            });
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        _app = builder.Build();
        routes(_app);
    }

    public Uri Url { get; }

    public Task StartAsync() => _app.StartAsync();

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync(); // whoever still hangs on a connection is cut
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
