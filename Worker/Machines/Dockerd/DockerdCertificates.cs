using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// An authority that signs one server and one client and is then forgotten: whoever has another machine's certificate
/// gets nowhere with this one.
/// </summary>
internal static class DockerdCertificates
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);
    private static readonly TimeSpan ClocksApart = TimeSpan.FromHours(1);

    /// <summary>Writes ca.pem, server.pem, server-key.pem, cert.pem and key.pem.</summary>
    public static void Write(string folder, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Builds machine", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var authority = request.CreateSelfSigned(now - ClocksApart, now + Life);

        File.WriteAllText(Path.Combine(folder, "ca.pem"), authority.ExportCertificatePem());
        Sign(authority, ServerUse, Path.Combine(folder, "server.pem"), Path.Combine(folder, "server-key.pem"));
        Sign(authority, ClientUse, Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem"));
    }

    private static void Sign(X509Certificate2 authority, string use, string certificatePath, string keyPath)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Builds", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());

        using var signed = request.Create(
            authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(16));
        File.WriteAllText(certificatePath, signed.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
    }
}
