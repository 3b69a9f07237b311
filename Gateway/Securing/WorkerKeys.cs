using System.Security.Cryptography;
using System.Text.Json;
using Builds.Gateway.Describing;
using Jose;
using Microsoft.Extensions.Options;
using Base64Url = System.Buffers.Text.Base64Url;

namespace Builds.Gateway.Securing;

/// <summary>The <c>Keys</c> section of configuration.</summary>
public sealed class KeysOptions
{
    /// <summary>
    /// The workers' public keys as a JWK set (RFC 7517): RSA, each with a kid, the newest last. Read again when it
    /// changes.
    /// </summary>
    public string? File { get; init; }
}

/// <summary>A public key of the workers, as <c>GET /v1/keys</c> shows it.</summary>
public sealed record WorkerKey(string Kid, string N, string E)
{
    public string Kty { get; } = "RSA";
    public string Use { get; } = "enc";
    public string Alg { get; } = "RSA-OAEP-256";
}

/// <summary>Seals what only a worker may read: the Gateway itself cannot open it again.</summary>
public sealed class WorkerKeys(IOptions<KeysOptions> options)
{
    private readonly Lock _reading = new();
    private IReadOnlyList<WorkerKey> _keys = [];
    private (DateTime Changed, long Length) _read;

    /// <summary>The newest last; none where the file is not there.</summary>
    public IReadOnlyList<WorkerKey> All()
    {
        if (options.Value.File is not { Length: > 0 } path || new FileInfo(path) is not { Exists: true } file)
            return [];
        lock (_reading)
        {
            if (_read != (file.LastWriteTimeUtc, file.Length))
            {
                _keys = Parse(File.ReadAllBytes(path), path);
                _read = (file.LastWriteTimeUtc, file.Length);
            }

            return _keys;
        }
    }

    /// <returns>A JWE in compact form (RFC 7516), and the kid of the key that it is sealed to.</returns>
    public (string Sealed, string Kid) Seal(byte[] secret)
    {
        if (All() is not [.., var newest])
            throw new RefusedException(
                StatusCodes.Status503ServiceUnavailable,
                "There are no workers' keys to seal it to: an operator must put their JWK set where Keys:File says.");
        using var rsa = RSA.Create(new RSAParameters
        {
            Modulus = Base64Url.DecodeFromChars(newest.N),
            Exponent = Base64Url.DecodeFromChars(newest.E),
        });
        var header = new Dictionary<string, object> { ["kid"] = newest.Kid };
        var jwe = JWT.EncodeBytes(secret, rsa, JweAlgorithm.RSA_OAEP_256, JweEncryption.A256GCM, extraHeaders: header);
        return (jwe, newest.Kid);
    }

    /// <summary>Checks what a client has sealed, as far as one can from outside.</summary>
    /// <returns>The kid of the key it is sealed to.</returns>
    public string CheckSealed(string jwe)
    {
        var parts = jwe.Split('.');
        if (parts.Length != 5 || parts.Any(part => part.Length == 0 || !Base64Url.IsValid(part)))
            throw Bad("must be a JWE in compact form: five base64url parts joined by dots.");
        using var header = Header(parts[0]);
        if (Field(header, "alg") != "RSA-OAEP-256" || Field(header, "enc") != "A256GCM")
            throw Bad("must be sealed with alg RSA-OAEP-256 and enc A256GCM.");
        if (Field(header, "kid") is not { } kid || All().All(key => key.Kid != kid))
            throw Bad("must name in its header the kid of a key that GET /v1/keys shows.");
        return kid;
    }

    private static JsonDocument Header(string part)
    {
        try
        {
            return JsonDocument.Parse(Base64Url.DecodeFromChars(part));
        }
        catch (JsonException)
        {
            throw Bad("has a header that is not JSON.");
        }
    }

    private static string? Field(JsonDocument header, string name) =>
        header.RootElement.ValueKind == JsonValueKind.Object
        && header.RootElement.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static RefusedException Bad(string words) => RefusedException.Bad("sealed", "sealed " + words);

    private static List<WorkerKey> Parse(byte[] file, string path)
    {
        using var set = JsonDocument.Parse(file);
        var keys = new List<WorkerKey>();
        foreach (var key in set.RootElement.GetProperty("keys").EnumerateArray())
        {
            if (key.TryGetProperty("d", out _))
                throw new InvalidOperationException(
                    $"{path} holds a private key. Give the Gateway the public keys alone, and the workers a new pair.");
            keys.Add(new WorkerKey(Text("kid"), Text("n"), Text("e")));

            string Text(string name) =>
                key.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text
                    ? text
                    : throw new InvalidOperationException($"A key in {path} has no {name}; each needs kid, n and e.");
        }

        return keys;
    }
}
