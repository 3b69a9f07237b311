using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Builds.Parts;

/// <summary>
/// Gives out a registry's tokens as the distribution project specifies: user and password by basic auth, scope asked
/// for, a signed JWT back.
/// </summary>
public sealed class TokenServer : IAsyncDisposable
{
    public const string Issuer = "builds-tests";
    public const string Service = "registry";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _user;
    private readonly string _password;
    private readonly X509Certificate2? _tls;
    private readonly WebServer _server;
    private int _issued;

    private TokenServer(string user, string password, PrivateAuthority? authority)
    {
        _user = user;
        _password = password;
        _tls = authority?.IssueFor("localhost");
        _server = new WebServer(app => app.Run(AnswerAsync), _tls);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=" + Issuer, _key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        CertificatePem = certificate.ExportCertificatePem();
    }

    public Uri Realm => new(_server.Url, "token");

    /// <summary>What a registry verifies the tokens with (<c>rootcertbundle</c>).</summary>
    public string CertificatePem { get; }

    /// <summary>Tokens given out over HTTP so far.</summary>
    public int Issued => _issued;

    /// <param name="authority">Signs its certificate; it is reached by http where left out.</param>
    public static async Task<TokenServer> StartAsync(string user, string password, PrivateAuthority? authority = null)
    {
        var server = new TokenServer(user, password, authority);
        await server._server.StartAsync();
        return server;
    }

    /// <param name="scopes">For example <c>repository:team/api:pull,push</c>.</param>
    public string Issue(IEnumerable<string> scopes)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var header = Part(new { typ = "JWT", alg = "ES256", kid = KeyId() });
        var claims = Part(new
        {
            iss = Issuer,
            sub = _user,
            aud = Service,
            exp = now + 300,
            nbf = now - 10,
            iat = now - 10,
            jti = Guid.NewGuid().ToString(),
            access = scopes.Select(scope => scope.Split(':')).Where(scope => scope.Length >= 3).Select(scope => new
            {
                type = scope[0],
                name = string.Join(':', scope[1..^1]),
                actions = scope[^1].Split(','),
            }),
        });
        var signature = _key.SignData(Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256);
        return $"{header}.{claims}.{Base64Url.EncodeToString(signature)}";
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _tls?.Dispose();
        _key.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (!BasicAuth.Matches(context, _user, _password))
        {
            BasicAuth.Refuse(context);
            return;
        }

        Interlocked.Increment(ref _issued);
        var scopes = context.Request.Query["scope"].SelectMany(scope => (scope ?? "").Split(' '));
        var token = Issue(scopes);
        await context.Response.WriteAsJsonAsync(new { token, access_token = token, expires_in = 300 });
    }

    private static string Part(object value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));

    /// <summary>libtrust's: 30 bytes of the public key's SHA-256, in base 32, a colon after every fourth character.</summary>
    private string KeyId()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var hash = SHA256.HashData(_key.ExportSubjectPublicKeyInfo()).AsSpan(0, 30);
        var id = new StringBuilder();
        for (var bit = 0; bit < 240; bit += 5)
        {
            if (bit > 0 && bit % 20 == 0)
                id.Append(':');
            var pair = (hash[bit / 8] << 8) | (bit / 8 + 1 < hash.Length ? hash[bit / 8 + 1] : 0);
            id.Append(alphabet[(pair >> (11 - bit % 8)) & 31]);
        }

        return id.ToString();
    }
}
