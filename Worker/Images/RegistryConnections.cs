using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Images;

/// <summary>How each registry is spoken to: where, with or without TLS, and whose certificates are trusted.</summary>
public sealed class RegistryConnections(IOptions<ImageOptions> options) : IDisposable
{
    /// <summary>Manifests, configurations and tokens are small; whatever is larger is none.</summary>
    private const int MostAnswer = 8 << 20;

    private readonly ConcurrentDictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);

    public (HttpClient Http, Uri Api) To(string registry)
    {
        var isTrusted = options.Value.RegistryAuthorities.TryGetValue(registry, out var authority);
        var isPlain = !isTrusted && (IsLoopback(registry) || options.Value.InsecureRegistries.Contains(registry));
        var host = registry == ImageName.DockerHub ? "registry-1.docker.io" : registry;
        return (_clients.GetOrAdd(authority ?? "", Open), new Uri($"{(isPlain ? "http" : "https")}://{host}/v2/"));
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private HttpClient Open(string authority)
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), UseCookies = false };
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
        var host = new Uri($"http://{registry}").Host.Trim('[', ']');
        return host == "localhost" || IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address);
    }
}
