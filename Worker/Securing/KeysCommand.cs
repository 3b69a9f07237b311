using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Builds.Worker.Securing;

/// <summary>
/// <c>Builds.Worker keys create --folder F --public FILE</c>: a new key pair. The private half goes to
/// <c>F/{kid}.pem</c>, the public half to the end of the JWK set in FILE (RFC 7517): the newest, which the
/// Gateway seals to from then on.
/// </summary>
public static class KeysCommand
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        if (args is not ["create", "--folder", var folder, "--public", var file])
        {
            errors.WriteLine("Usage: Builds.Worker keys create --folder FOLDER --public FILE");
            return 2;
        }

        using var key = RSA.Create(3072);
        var jwk = Jwk(key.ExportParameters(includePrivateParameters: false));
        var kid = (string)jwk["kid"]!;

        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        Write(Path.Combine(folder, kid + ".pem"), key.ExportPkcs8PrivateKeyPem(), OwnerOnly);

        // The private half is on disk before anybody can seal to the public one.
        var set = File.Exists(file)
            ? JsonNode.Parse(File.ReadAllText(file))!.AsObject()
            : new JsonObject { ["keys"] = new JsonArray() };
        set["keys"]!.AsArray().Add((JsonNode)jwk);
        Write(file + ".new", set.ToJsonString(), OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(file + ".new", file, overwrite: true);
        output.WriteLine(kid);
        return 0;
    }

    private static JsonObject Jwk(RSAParameters key)
    {
        var (e, n) = (Base64Url(key.Exponent!), Base64Url(key.Modulus!));
        var canonical = JsonSerializer.Serialize(new { e, kty = "RSA", n }); // RFC 7638
        var thumbprint = SHA256.HashData(Encoding.UTF8.GetBytes(canonical));
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = Base64Url(thumbprint),
            ["use"] = "enc",
            ["alg"] = "RSA-OAEP-256",
            ["n"] = n,
            ["e"] = e,
        };
    }

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static void Write(string path, string text, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = mode });
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }
}
