using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Docker.DotNet;
using Docker.DotNet.X509;

namespace Builds.Worker.Images;

/// <summary>With certificates both sides prove who they are: the daemon by one of the machine's own authority that
/// names the address.</summary>
internal static class DaemonConnection
{
    /// <summary>Nothing is sent yet.</summary>
    public static DockerClient Connect(this DaemonEndpoint daemon)
    {
        var builder = new DockerClientBuilder().WithEndpoint(daemon.Address);
        return daemon.Certificates is { } folder
            ? builder.WithAuthProvider(
                new CertificateCredentials(Own(folder)) { ServerCertificateValidationCallback = Check(folder) }).Build()
            : builder.Build();
    }

    /// <summary>The bare API, for what the client library does not show.</summary>
    public static HttpClient Open(this DaemonEndpoint daemon)
    {
        var handler = new SocketsHttpHandler();
        if (daemon.Certificates is { } folder)
        {
            handler.SslOptions.ClientCertificates = [Own(folder)];
            handler.SslOptions.RemoteCertificateValidationCallback = Check(folder);
        }

        if (daemon.Address.Scheme != "unix")
            return new HttpClient(handler)
            {
                BaseAddress = new UriBuilder(daemon.Address)
                {
                    Scheme = daemon.Certificates is null ? "http" : "https",
                }.Uri,
            };

        handler.ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(daemon.Address.LocalPath), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return new HttpClient(handler) { BaseAddress = new Uri("http://docker") };
    }

    /// <summary>Like the platform's own check, except that these authorities alone are trusted.</summary>
    public static bool Vouches(
        X509Certificate2Collection authorities, X509Certificate? shown, X509Chain? sent, SslPolicyErrors errors)
    {
        if (shown is not X509Certificate2 certificate || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // a private authority publishes no list
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(certificate);
    }

    private static X509Certificate2 Own(string folder) =>
        X509Certificate2.CreateFromPemFile(Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem"));

    private static RemoteCertificateValidationCallback Check(string folder)
    {
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(Path.Combine(folder, "ca.pem"));
        return (_, shown, chain, errors) => Vouches(authorities, shown, chain, errors);
    }
}
