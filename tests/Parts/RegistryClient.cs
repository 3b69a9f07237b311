using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Builds.Parts;

/// <param name="Digest">Of <paramref name="Bytes"/>, which are the manifest as the registry has it.</param>
public sealed record RegistryManifest(string Digest, string MediaType, byte[] Bytes)
{
    public JsonElement Body => JsonDocument.Parse(Bytes).RootElement;
}

/// <summary>The registry's HTTP API, with the rights of the test.</summary>
internal sealed class RegistryClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly RegistryOptions _options;
    private readonly TokenServer? _tokens;

    public RegistryClient(Uri url, RegistryOptions options, TokenServer? tokens, X509Certificate2? root)
    {
        _options = options;
        _tokens = tokens;
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = Trusting(root) }) { BaseAddress = url };
    }

    public async Task<bool> AnswersAsync()
    {
        using var answer = await _http.GetAsync(new Uri("v2/", UriKind.Relative));
        return answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Unauthorized;
    }

    public async Task<RegistryManifest?> ManifestAsync(string repository, string reference)
    {
        using var request = Request(HttpMethod.Get, $"v2/{repository}/manifests/{reference}", repository);
        foreach (var type in (string[])
            [
                BaseImage.ManifestType, BaseImage.IndexType,
                "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
            ])
            request.Headers.Accept.ParseAdd(type);
        using var answer = await _http.SendAsync(request);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return null;
        await SucceededAsync(answer);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        return new RegistryManifest(
            BaseImage.DigestOf(bytes),
            answer.Content.Headers.ContentType?.MediaType ?? "",
            bytes);
    }

    public async Task<byte[]> BlobAsync(string repository, string digest)
    {
        using var request = Request(HttpMethod.Get, $"v2/{repository}/blobs/{digest}", repository);
        using var answer = await _http.SendAsync(request);
        await SucceededAsync(answer);
        return await answer.Content.ReadAsByteArrayAsync();
    }

    public async Task<IReadOnlyList<string>> TagsAsync(string repository)
    {
        using var request = Request(HttpMethod.Get, $"v2/{repository}/tags/list", repository);
        using var answer = await _http.SendAsync(request);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return [];
        await SucceededAsync(answer);
        var tags = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync()).RootElement.GetProperty("tags");
        return tags.ValueKind == JsonValueKind.Null ? [] : [.. tags.EnumerateArray().Select(tag => tag.GetString()!)];
    }

    /// <summary>Its blobs; the manifest is put by whoever names it.</summary>
    public async Task PushAsync(string repository, BaseImage image)
    {
        await PutBlobAsync(repository, image.ConfigDigest, image.Config);
        await PutBlobAsync(repository, image.LayerDigest, image.Layer);
    }

    public async Task<string> PutManifestAsync(string repository, string reference, string mediaType, byte[] manifest)
    {
        using var request = Request(HttpMethod.Put, $"v2/{repository}/manifests/{reference}", repository);
        request.Content = new ByteArrayContent(manifest);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var answer = await _http.SendAsync(request);
        await SucceededAsync(answer);
        return answer.Headers.TryGetValues("Docker-Content-Digest", out var digests)
            ? digests.First()
            : BaseImage.DigestOf(manifest);
    }

    public async Task DeleteAsync(string repository, string digest)
    {
        using var request = Request(HttpMethod.Delete, $"v2/{repository}/manifests/{digest}", repository);
        using var answer = await _http.SendAsync(request);
        await SucceededAsync(answer);
    }

    public async Task<byte[]> Schema1Async(string repository, string tag)
    {
        using var request = Request(HttpMethod.Get, $"v2/{repository}/manifests/{tag}", repository);
        request.Headers.Accept.ParseAdd("application/vnd.docker.distribution.manifest.v1+prettyjws");
        using var answer = await _http.SendAsync(request);
        await SucceededAsync(answer);
        return await answer.Content.ReadAsByteArrayAsync();
    }

    public void Dispose() => _http.Dispose();

    public async Task PutBlobAsync(string repository, string digest, byte[] content)
    {
        using var begin = Request(HttpMethod.Post, $"v2/{repository}/blobs/uploads/", repository);
        using var begun = await _http.SendAsync(begin);
        await SucceededAsync(begun);
        var place = begun.Headers.Location!.ToString();
        using var put = Request(
            HttpMethod.Put,
            $"{place}{(place.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={digest}",
            repository);
        put.Content = new ByteArrayContent(content);
        put.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var answer = await _http.SendAsync(put);
        await SucceededAsync(answer);
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string repository)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.RelativeOrAbsolute));
        if (_tokens is not null)
            request.Headers.Authorization =
                new AuthenticationHeaderValue("Bearer", _tokens.Issue([$"repository:{repository}:pull,push,delete"]));
        else if (_options is { User: { } user, Password: { } password })
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(BasicAuth.Header(user, password));
        return request;
    }

    private static async Task SucceededAsync(HttpResponseMessage answer)
    {
        if (answer.IsSuccessStatusCode)
            return;
        var said = $"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri}: {(int)answer.StatusCode} "
            + await answer.Content.ReadAsStringAsync();
        // 500 passes: distribution empties the file of a tag before it writes it anew, and cannot read it in between
        throw answer.StatusCode >= HttpStatusCode.InternalServerError ? new HttpRequestException(said) : new PartException(said);
    }

    private static SslClientAuthenticationOptions Trusting(X509Certificate2? root) => root is null
        ? new SslClientAuthenticationOptions()
        : new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { root },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
}
