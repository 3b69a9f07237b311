using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Images;

/// <summary>How each registry is spoken to: where, with or without TLS, whose certificates are trusted, and whether at
/// all: a Dockerfile must not make the worker speak to what only its own network can reach.</summary>
public sealed class RegistryConnections(IOptions<ImageOptions> options) : IDisposable
{
    /// <summary>Manifests, configurations and tokens are small; whatever is larger is none.</summary>
    private const int MostAnswer = 8 << 20;

    private const int MostRedirects = 5;

    private readonly ConcurrentDictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);
    private readonly RegistryHosts _hosts = new(options.Value.AllowedRegistries);

    /// <summary>The installation's default registry is reached wherever it is.</summary>
    public void Allow(string registry) => _hosts.Default = EndPoint(registry);

    /// <returns>Why builds may not go there, as the rest of a sentence; null where they may.</returns>
    public Task<string?> RefusalAsync(string registry, CancellationToken cancel) =>
        _hosts.RefusalAsync(EndPoint(registry), cancel);

    public (HttpClient Http, Uri Api) To(string registry)
    {
        var isTrusted = options.Value.RegistryAuthorities.TryGetValue(registry, out var authority);
        var isPlain = !isTrusted && (IsLoopback(registry) || options.Value.InsecureRegistries.Contains(registry));
        var host = registry == ImageName.DockerHub ? "registry-1.docker.io" : registry;
        return (_clients.GetOrAdd(authority ?? "", Open), new Uri($"{(isPlain ? "http" : "https")}://{host}/v2/"));
    }

    private DnsEndPoint EndPoint(string registry)
    {
        var (_, api) = To(registry);
        return new DnsEndPoint(api.IdnHost, api.Port);
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private HttpClient Open(string authority)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            UseProxy = false, // a proxy would resolve the name anew
            MaxAutomaticRedirections = MostRedirects, // each of them is judged where it is connected to
            ConnectCallback = async (connecting, cancel) =>
                await _hosts.ConnectAsync(connecting.DnsEndPoint, cancel),
        };
        if (authority.Length > 0)
        {
            X509Certificate2Collection authorities = [];
            authorities.ImportFromPemFile(authority);
            handler.SslOptions.RemoteCertificateValidationCallback =
                (_, shown, chain, errors) => DaemonConnection.Vouches(authorities, shown, chain, errors);
        }

        return new HttpClient(handler)
        {
            Timeout = TimeSpan.FromSeconds(options.Value.RegistryTimeoutSeconds),
            MaxResponseContentBufferSize = MostAnswer,
        };
    }

    private static bool IsLoopback(string registry)
    {
        if (!Uri.TryCreate($"http://{registry}", UriKind.Absolute, out var uri))
            throw new BuildFailedException($"\"{registry}\" is no registry; one is named by host or host:port.");
        return uri.IdnHost is var host && host == "localhost"
            || IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address);
    }
}
