using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Docker.DotNet;
using Docker.DotNet.X509;

namespace Builds.Worker.Images;

internal static class DaemonConnection
{
    /// <summary>Nothing is sent yet. With certificates both sides prove who they are: the daemon by a certificate of the
    /// machine's own authority that names the address.</summary>
    public static DockerClient Connect(this DaemonEndpoint daemon)
    {
        var builder = new DockerClientBuilder().WithEndpoint(daemon.Address);
        if (daemon.Certificates is not { } folder)
            return builder.Build();

        var own = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem"));
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(Path.Combine(folder, "ca.pem"));
        return builder
            .WithAuthProvider(new CertificateCredentials(own)
            {
                ServerCertificateValidationCallback = (_, shown, chain, errors) => Vouches(authorities, shown, chain, errors),
            })
            .Build();
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
}
