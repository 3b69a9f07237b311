using System.Net;
using System.Net.Http.Headers;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Builds.Worker.Images.Sessions;

/// <summary>
/// What BuildKit calls a session: a connection to the daemon over which it calls back, for as long as the build runs,
/// and reads the Dockerfile and the context, each by itself. So no COPY finds a Dockerfile that is left out.
/// </summary>
internal sealed class BuildSession : IAsyncDisposable
{
    private const string Header = "X-Docker-Expose-Session-";

    private static readonly TimeSpan Long = TimeSpan.FromDays(1); // no build takes as long

    private readonly HttpClient _http;
    private readonly WebApplication _server;

    private BuildSession(string id, HttpClient http, WebApplication server) =>
        (Id, _http, _server) = (id, http, server);

    /// <summary>By which a build names it.</summary>
    public string Id { get; }

    public static async Task<BuildSession> OpenAsync(
        DaemonEndpoint daemon, SessionFiles files, CancellationToken cancel)
    {
        var id = Guid.NewGuid().ToString("N");
        var http = daemon.Open();
        WebApplication? server = null;
        try
        {
            var connection = await ConnectAsync(daemon, http, id, cancel);
            server = Serve(connection, files);
            await server.StartAsync(cancel);
            return new BuildSession(id, http, server);
        }
        catch
        {
            http.Dispose();
            if (server is not null)
                await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true)); // nobody waits for what is still read
        await _server.DisposeAsync();
        _http.Dispose();
    }

    private static async Task<Stream> ConnectAsync(
        DaemonEndpoint daemon, HttpClient http, string id, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("session", UriKind.Relative));
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new ProductHeaderValue("h2c"));
        request.Headers.Add(Header + "Uuid", id);
        request.Headers.Add(Header + "Name", "builds");
        // Its files are compared with those of the last session of the same key by size and time, which is always
        // the same here.
        request.Headers.Add(Header + "Sharedkey", id);
        request.Headers.Add(Header + "Grpc-Method", "/moby.filesync.v1.FileSync/DiffCopy");
        try
        {
            var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (answer.StatusCode == HttpStatusCode.SwitchingProtocols)
                return await answer.Content.ReadAsStreamAsync(cancel);
            throw new DaemonFaultException(
                $"The Docker daemon at {daemon.Address} does not take part in a session ({(int)answer.StatusCode} " +
                $"{await answer.Content.ReadAsStringAsync(cancel)}). Docker has it from 18.09 on; " +
                "with older ones set Images:Builder to Classic.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException and not DaemonFaultException
            || e is OperationCanceledException && !cancel.IsCancellationRequested) // it took longer than it may
        {
            throw new DaemonFaultException(
                $"The Docker daemon at {daemon.Address} was lost before the build: {e.Message}", e);
        }
    }

    private static WebApplication Serve(Stream connection, SessionFiles files)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var listener = new SessionListener(connection);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            // Nothing is asked while a RUN runs. (Kestrel adds its clock to "infinite", and what comes of it has long
            // passed: the connection ends at the next second in which nothing is asked.)
            kestrel.Limits.KeepAliveTimeout = Long;
            // Machines may be slow and far away.
            kestrel.Limits.MinRequestBodyDataRate = kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(listener.EndPoint, endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddSingleton<IConnectionListenerFactory>(listener);
        builder.Services.AddRouting();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(files);
        builder.Services.AddSingleton<HealthServiceImpl>();

        var server = builder.Build();
        server.MapGrpcService<SessionFiles>();
        server.MapGrpcService<HealthServiceImpl>(); // asked every few seconds whether anybody is still here
        server.Services.GetRequiredService<HealthServiceImpl>()
            .SetStatus("", HealthCheckResponse.Types.ServingStatus.Serving);
        return server;
    }
}
