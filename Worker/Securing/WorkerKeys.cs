using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Builds.Contracts;
using Builds.Worker.Images;
using Builds.Worker.Sources;
using Jose;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Securing;

/// <summary>
/// Opens what was sealed to the workers: JWE (RFC 7516), RSA-OAEP-256 and A256GCM, told apart by kid.
/// </summary>
public sealed class WorkerKeys(IOptions<KeyOptions> options)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        RespectNullableAnnotations = true,
    };

    /// <exception cref="BuildFailedException">It can be opened by no worker, or is for another host than it is used
    /// for.</exception>
    /// <exception cref="MissingKeyException">This worker lacks the key.</exception>
    public OpenedCredentials Open(SealedCredentials? credentials) =>
        credentials is null
            ? OpenedCredentials.None
            : new OpenedCredentials(
                credentials.Git is { } git ? Open<GitCredential>(git, "The git credential") : null,
                (credentials.Registries ?? new Dictionary<string, string>()).ToDictionary(
                    registry => registry.Key,
                    registry => For(
                        registry.Key, Open<RegistryCredential>(registry.Value, $"The credential for {registry.Key}"))));

    private static RegistryCredential For(string host, RegistryCredential opened) =>
        opened.Host == host
            ? opened
            : throw new BuildFailedException(
                $"The credential given for {host} is sealed for {opened.Host}. Seal one for {host}.",
                FailureClass.Policy);

    private T Open<T>(string jwe, string what)
        where T : class
    {
        try
        {
            using var key = KeyOf(jwe);
            var text = JWE.Decrypt(jwe, key, JweAlgorithm.RSA_OAEP_256, JweEncryption.A256GCM).Plaintext;
            return JsonSerializer.Deserialize<T>(text, Json)
                ?? throw new JsonException("It is null.");
        }
        catch (Exception e) when (e is not MissingKeyException) // whatever a publisher put there
        {
            throw new BuildFailedException(
                $"{what} cannot be opened. Seal it anew to a key of GET /v1/keys (RSA-OAEP-256, A256GCM), "
                + "or store it again.",
                inner: e);
        }
    }

    private RSA KeyOf(string jwe)
    {
        var kid = JWE.Headers(jwe).ProtectedHeaderBytes is { } header
            && JsonSerializer.Deserialize<JsonElement>(header).TryGetProperty("kid", out var value)
                ? value.GetString()
                : null;
        if (kid is null || kid.AsSpan().ContainsAny('/', '.'))
            throw new FormatException("Its header names no kid.");

        var file = Path.Combine(options.Value.Folder ?? "", kid + ".pem");
        if (options.Value.Folder is null || !File.Exists(file))
            throw new MissingKeyException(
                $"A credential is sealed to the key {kid}, which this worker lacks: "
                + $"put {kid}.pem into the folder named by Keys:Folder.");

        var key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(file));
        return key;
    }
}
