using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Builds.Contracts;
using Microsoft.Extensions.Options;
using Polly;

namespace Builds.Worker.Images;

/// <summary>A registry's HTTP API, as far as bases and pushed tags need it (OCI distribution specification). Short
/// outages are waited out here; what lasts is a <see cref="RegistryUnavailableException"/>.</summary>
public sealed class RegistryClient(RegistryConnections connections, IOptions<ImageOptions> options)
{
    private readonly ResiliencePipeline _retry = RegistryRetry.Of(options.Value);

    /// <returns>Why builds may not go to that registry, as the rest of a sentence; null where they may.</returns>
    public Task<string?> RefusalAsync(string registry, CancellationToken cancel) =>
        connections.RefusalAsync(registry, cancel);

    /// <param name="selector">A tag or a digest.</param>
    public async Task<Manifest> GetManifestAsync(
        ImageName image, string selector, RegistryCredential? credential, CancellationToken cancel)
    {
        var (mediaType, content) = await ReadAsync(
            image, $"manifests/{selector}", Manifest.MediaTypes, credential, cancel);
        var digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
        if (selector.StartsWith("sha256:", StringComparison.Ordinal) && selector != digest)
            throw new RegistryUnavailableException(
                $"{image.Registry} answered for {image.At(selector)} with something else ({digest}).");
        return new Manifest(image, digest, mediaType, content);
    }

    /// <summary>What a manifest that is no index runs on; null where it does not say.</summary>
    public async Task<Platform?> GetPlatformAsync(
        Manifest manifest, RegistryCredential? credential, CancellationToken cancel)
    {
        if (manifest.Config() is not { } config)
            return null;
        var (_, content) = await ReadAsync(manifest.Image, $"blobs/{config}", ["*/*"], credential, cancel);
        using var json = JsonDocument.Parse(content);
        return Manifest.PlatformOf(json.RootElement);
    }

    /// <summary>A label of an image, or of the first of an index that has it; null where there is none.</summary>
    public async Task<string?> GetLabelAsync(
        Manifest manifest, string label, RegistryCredential? credential, CancellationToken cancel)
    {
        try
        {
            if (manifest.Config() is { } config)
            {
                var (_, content) = await ReadAsync(manifest.Image, $"blobs/{config}", ["*/*"], credential, cancel);
                return Manifest.LabelOf(content, label);
            }

            foreach (var digest in manifest.Children())
            {
                var child = await GetManifestAsync(manifest.Image, digest, credential, cancel);
                if (child.Config() is not null && await GetLabelAsync(child, label, credential, cancel) is { } found)
                    return found;
            }
        }
        catch (RegistryRefusedException e) when (e.IsMissing)
        {
            // what is not whole has no labels
        }

        return null;
    }

    public async Task PutManifestAsync(
        Manifest manifest, string tag, RegistryCredential? credential, CancellationToken cancel)
    {
        using var _ = await SendAsync(manifest.Image, $"manifests/{tag}", "pull,push", credential, uri =>
        {
            var content = new ReadOnlyMemoryContent(manifest.Content);
            content.Headers.ContentType = new MediaTypeHeaderValue(manifest.MediaType);
            return new HttpRequestMessage(HttpMethod.Put, uri) { Content = content };
        }, cancel);
    }

    /// <summary>Whether the registry takes the token itself; where not, its token server exchanges it.</summary>
    public async Task<bool> TakesTokenAsync(ImageName image, RegistryCredential credential, CancellationToken cancel)
    {
        var (http, api) = connections.To(image.Registry);
        return await _retry.ExecuteAsync(async stop =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, api);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", credential.Token);
            using var answer = await GuardAsync(image, () => http.SendAsync(request, stop), stop);
            return answer.StatusCode != HttpStatusCode.Unauthorized;
        }, cancel);
    }

    private async Task<(string MediaType, byte[] Content)> ReadAsync(
        ImageName image, string path, IEnumerable<string> accept, RegistryCredential? credential,
        CancellationToken cancel)
    {
        using var answer = await SendAsync(image, path, "pull", credential, uri =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.Add("Accept", accept);
            return request;
        }, cancel);
        return (answer.Content.Headers.ContentType?.MediaType ?? "", await answer.Content.ReadAsByteArrayAsync(cancel));
    }

    private async Task<HttpResponseMessage> SendAsync(
        ImageName image, string path, string actions, RegistryCredential? credential,
        Func<Uri, HttpRequestMessage> request, CancellationToken cancel)
    {
        var (http, api) = connections.To(image.Registry);
        var access = new RegistryAccess(http, api, credential);
        var uri = new Uri(api, $"{image.Repository}/{path}");
        var scope = $"repository:{image.Repository}:{actions}";
        return await _retry.ExecuteAsync(async stop =>
        {
            var answer = await GuardAsync(image, () => access.SendAsync(() => request(uri), scope, stop), stop);
            if (answer.IsSuccessStatusCode)
                return answer;

            using (answer)
            {
                var said = $"{image.Registry} answered {(int)answer.StatusCode}: {await SaidAsync(answer, stop)}";
                throw answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
                    or >= HttpStatusCode.InternalServerError
                    ? new RegistryUnavailableException(said)
                    : new RegistryRefusedException(said, answer.StatusCode);
            }
        }, cancel);
    }

    private static async Task<HttpResponseMessage> GuardAsync(
        ImageName image, Func<Task<HttpResponseMessage>> send, CancellationToken cancel)
    {
        try
        {
            return await send();
        }
        catch (HttpRequestException e) when (e.InnerException is ClosedRegistryException closed)
        {
            throw new BuildFailedException(
                $"The registry {image.Registry} was not asked for {image.Repository}: {closed.Message}.",
                FailureClass.Policy, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException
            || e is OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new RegistryUnavailableException(
                $"The registry {image.Registry} cannot be reached: {e.GetBaseException().Message}", e);
        }
    }

    /// <summary>The registry's own words (distribution error codes), shortened.</summary>
    private static async Task<string> SaidAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        try
        {
            using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
            var error = json.RootElement.GetProperty("errors")[0];
            var detail = error.TryGetProperty("message", out var message) ? message.GetString() : null;
            var said = $"{error.GetProperty("code").GetString()} {detail}".Trim();
            return said.Length > 300 ? said[..300] + "…" : said;
        }
        catch (Exception e) when (
            e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return answer.ReasonPhrase ?? "";
        }
    }
}
