using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Builds.Parts;

/// <summary>A certificate authority that nobody trusts unless told to.</summary>
public sealed class PrivateAuthority : IDisposable
{
    private readonly X509Certificate2 _root;

    public PrivateAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Builds test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = TimeProvider.System.GetUtcNow();
        _root = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }

    public X509Certificate2 Root => _root;

    /// <summary>The authority's own certificate.</summary>
    public string RootPem => _root.ExportCertificatePem();

    /// <summary>A server's certificate and key, both PEM.</summary>
    public (string Certificate, string Key) Issue(IEnumerable<IPAddress> addresses, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Builds test server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var address in addresses)
            alternatives.AddIpAddress(address);
        foreach (var name in names)
            alternatives.AddDnsName(name);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // server
        using var certificate = request.Create(
            _root,
            _root.NotBefore,
            _root.NotAfter,
            RandomNumberGenerator.GetBytes(12));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The same as one that a server here can use.</summary>
    public X509Certificate2 IssueFor(params string[] names)
    {
        var (certificate, key) = Issue([IPAddress.Loopback], names);
        return X509Certificate2.CreateFromPem(certificate, key);
    }

    public void Dispose() => _root.Dispose();
}
