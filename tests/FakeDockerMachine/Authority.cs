using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Builds.FakeDockerMachine;

/// <summary>
/// The store's authority and its client, made once, and a server certificate per machine: RSA 2048, 1080 days.
/// </summary>
internal static class Authority
{
    private const int Bits = 2048;

    public static void MakeOnce(string certificates)
    {
        if (File.Exists(Path.Combine(certificates, "cert.pem")))
            return;
        using var key = RSA.Create(Bits);
        using var authority = Own(key);
        Write(certificates, "ca.pem", authority.ExportCertificatePem(), secret: false);
        Write(certificates, "ca-key.pem", key.ExportRSAPrivateKeyPem(), secret: true);
        Sign(authority, certificates, "cert.pem", "key.pem", "1.3.6.1.5.5.7.3.2");
    }

    /// <param name="stranger">Signed by an authority that the client does not know.</param>
    public static void MakeServer(string certificates, string machine, bool stranger)
    {
        foreach (var name in (string[])["ca.pem", "cert.pem", "key.pem"])
            File.Copy(Path.Combine(certificates, name), Path.Combine(machine, name));
        using var own = X509Certificate2.CreateFromPemFile(
            Path.Combine(certificates, "ca.pem"), Path.Combine(certificates, "ca-key.pem"));
        using var other = RSA.Create(Bits);
        using var signer = stranger ? Own(other) : own;
        Sign(signer, machine, "server.pem", "server-key.pem", "1.3.6.1.5.5.7.3.1");
    }

    private static X509Certificate2 Own(RSA key)
    {
        var request = new CertificateRequest("O=fake", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1080));
    }

    private static void Sign(X509Certificate2 authority, string folder, string certificate, string key, string use)
    {
        using var own = RSA.Create(Bits);
        var request = new CertificateRequest("O=fake." + certificate, own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(
            authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(16));
        Write(folder, certificate, signed.ExportCertificatePem(), secret: false);
        Write(folder, key, own.ExportRSAPrivateKeyPem(), secret: true);
    }

    private static void Write(string folder, string name, string content, bool secret)
    {
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, content + "\n");
        if (secret)
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
