using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Builds.Worker.Images;

namespace Builds.Worker.Machines;

/// <summary>Asks a daemon until it answers, over TLS by the machine's own authority and no other.</summary>
internal static class Readiness
{
    private static readonly TimeSpan OneAnswer = TimeSpan.FromSeconds(10);

    /// <param name="dead">Says why it will never answer, or null.</param>
    public static async Task WaitAsync(
        DaemonEndpoint daemon,
        TimeSpan limit,
        TimeSpan pause,
        Func<string?> dead,
        TimeProvider clock,
        CancellationToken cancel)
    {
        using var http = Client(daemon);
        var begun = clock.GetTimestamp();
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var problem = await AskAsync(http, cancel);
            if (problem is null)
                return;
            if (dead() is { } reason)
                throw new InvalidOperationException(reason, problem);
            if (clock.GetElapsedTime(begun) > limit)
                throw new TimeoutException(
                    $"The Docker daemon at {daemon.Address} did not answer within {limit.TotalSeconds:0} s "
                    + $"(Machines:ReadySeconds): {problem.GetBaseException().Message}",
                    problem);
            await Task.Delay(pause, clock, cancel);
        }
    }

    private static async Task<Exception?> AskAsync(HttpClient http, CancellationToken cancel)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/_ping", UriKind.Relative), cancel);
            return answer.IsSuccessStatusCode
                ? null
                : new HttpRequestException($"it answered {(int)answer.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || !cancel.IsCancellationRequested)
        {
            return e;
        }
    }

    private static HttpClient Client(DaemonEndpoint daemon)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = OneAnswer };
        var address = daemon.Address;
        if (address.Scheme == "unix")
            handler.ConnectCallback = (_, cancel) => ConnectAsync(address.LocalPath, cancel);
        else if (daemon.Certificates is { } certificates)
            handler.SslOptions = Trust(certificates);

        return new HttpClient(handler) { BaseAddress = Base(daemon), Timeout = OneAnswer };
    }

    private static Uri Base(DaemonEndpoint daemon) =>
        daemon.Address.Scheme == "unix"
            ? new Uri("http://docker")
            : new UriBuilder(daemon.Address) { Scheme = daemon.Certificates is null ? "http" : "https" }.Uri;

    private static SslClientAuthenticationOptions Trust(string certificates)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // the authority is as old as the machine
        };
        policy.CustomTrustStore.ImportFromPemFile(Path.Combine(certificates, "ca.pem"));
        var own = X509Certificate2.CreateFromPemFile(
            Path.Combine(certificates, "cert.pem"), Path.Combine(certificates, "key.pem"));
        return new SslClientAuthenticationOptions { ClientCertificates = [own], CertificateChainPolicy = policy };
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
