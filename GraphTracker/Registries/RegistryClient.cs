using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Builds.Contracts;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Registries;

/// <summary>The HTTP API of the registries that a setting knows, as far as the graph needs it; nothing is written.</summary>
public sealed partial class RegistryClient : IDisposable
{
    private const int MostManifest = 4 << 20; // what registries accept at most
    private const int MostConfig = 8 << 20;
    private const int PageSize = 100;

    private readonly Dictionary<string, RegistryConnection> _connections;

    public RegistryClient(IOptions<RegistryOptions> options) =>
        _connections = options.Value.Known.ToDictionary(
            registry => registry.Host,
            registry => new RegistryConnection(registry, TimeSpan.FromSeconds(options.Value.TimeoutSeconds)));

    /// <returns>The digest that the tag points to; null where it is not there.</returns>
    public async Task<string?> DigestOfAsync(ImageReference image, string tag, CancellationToken cancel)
    {
        using var head = await SendAsync(HttpMethod.Head, image, $"manifests/{tag}", MediaTypes.Manifests, cancel);
        if (head.StatusCode == HttpStatusCode.NotFound)
            return null;
        if (head.Headers.TryGetValues("Docker-Content-Digest", out var digests) && Digest().IsMatch(digests.First()))
            return digests.First();
        return await BytesAsync(image, $"manifests/{tag}", MediaTypes.Manifests, MostManifest, cancel) is var (bytes, _)
            ? DigestOf(bytes)
            : null;
    }

    /// <summary>What lies under the digest, read whole: an index with its images, an image with its configuration.</summary>
    public Task<SeenManifest> ReadAsync(ImageReference image, string digest, CancellationToken cancel) =>
        new ManifestReader(this, image).ReadAsync(digest, cancel);

    /// <summary>Names of all repositories.</summary>
    public IAsyncEnumerable<string> CatalogAsync(string registry, CancellationToken cancel) =>
        ListAsync(registry, "_catalog", "registry:catalog:*", "repositories", cancel);

    public IAsyncEnumerable<string> TagsAsync(ImageReference image, CancellationToken cancel) =>
        ListAsync(image.Registry!, $"{image.Repository}/tags/list", ScopeOf(image), "tags", cancel);

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
            connection.Dispose();
    }

    internal async Task<(byte[] Bytes, string MediaType)> ManifestAsync(
        ImageReference image, string digest, CancellationToken cancel)
    {
        var read = await BytesAsync(image, $"manifests/{digest}", MediaTypes.Manifests, MostManifest, cancel)
            ?? throw new ManifestGoneException($"{image.Registry}/{image.Repository} does not have {digest}.");
        return (Checked(read.Bytes, digest), read.MediaType);
    }

    internal async Task<byte[]> BlobAsync(ImageReference image, string digest, CancellationToken cancel)
    {
        var read = await BytesAsync(image, $"blobs/{digest}", ["*/*"], MostConfig, cancel)
            ?? throw new ManifestBadException($"Its configuration {digest} is not in the registry.");
        return Checked(read.Bytes, digest);
    }

    private static byte[] Checked(byte[] bytes, string digest) =>
        digest.StartsWith("sha256:", StringComparison.Ordinal) && DigestOf(bytes) != digest
            ? throw new ManifestBadException($"What the registry has under {digest} is {DigestOf(bytes)}.")
            : bytes;

    private static string DigestOf(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string ScopeOf(ImageReference image) => $"repository:{image.Repository}:pull";

    private RegistryConnection To(string registry) =>
        _connections.TryGetValue(registry, out var connection)
            ? connection
            : throw new UnknownRegistryException($"No setting knows the registry {registry} (Registries:Known).");

    private Task<HttpResponseMessage> SendAsync(
        HttpMethod method, ImageReference image, string path, IEnumerable<string> accept, CancellationToken cancel)
    {
        var connection = To(image.Registry!);
        var uri = new Uri(connection.Api, $"{image.Repository}/{path}");
        if (uri.Authority != connection.Api.Authority) // credentials go to their own host alone
            throw new RegistryUnavailableException($"\"{image.Repository}\" is no repository of {image.Registry}.");
        return connection.SendAsync(method, uri, ScopeOf(image), accept, cancel);
    }

    private async Task<(byte[] Bytes, string MediaType)?> BytesAsync(
        ImageReference image, string path, IEnumerable<string> accept, int most, CancellationToken cancel)
    {
        using var answer = await SendAsync(HttpMethod.Get, image, path, accept, cancel);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return null;
        var bytes = await LimitedAsync(image, answer, most, cancel);
        return (bytes, answer.Content.Headers.ContentType?.MediaType ?? "");
    }

    private static async Task<byte[]> LimitedAsync(
        ImageReference image, HttpResponseMessage answer, int most, CancellationToken cancel)
    {
        try
        {
            await answer.Content.LoadIntoBufferAsync(most, cancel);
            return await answer.Content.ReadAsByteArrayAsync(cancel);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new ManifestBadException($"It is larger than {most} bytes.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException
            || e is OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new RegistryUnavailableException($"{image.Registry} stopped in the middle of an answer: {e.Message}", e);
        }
    }

    // Page by page, by the Link header (RFC 5988) that the specification prescribes.
    private async IAsyncEnumerable<string> ListAsync(
        string registry, string path, string scope, string name,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var connection = To(registry);
        Uri? next = new Uri(connection.Api, $"{path}?n={PageSize}");
        while (next is not null)
        {
            List<string> page;
            using (var answer = await connection.SendAsync(HttpMethod.Get, next, scope, ["application/json"], cancel))
            {
                if (answer.StatusCode == HttpStatusCode.NotFound)
                    yield break;
                page = await NamesAsync(registry, answer, name, cancel);
                next = NextOf(answer, next);
            }

            foreach (var one in page)
                yield return one;
            await Task.Delay(connection.Pause, cancel);
        }
    }

    private static async Task<List<string>> NamesAsync(
        string registry, HttpResponseMessage answer, string name, CancellationToken cancel)
    {
        try
        {
            using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
            return json.RootElement.TryGetProperty(name, out var names) && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Select(one => one.GetString()!)]
                : [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new RegistryUnavailableException($"{registry} answered with a list that cannot be read: {e.Message}", e);
        }
    }

    private static Uri? NextOf(HttpResponseMessage answer, Uri asked) =>
        answer.Headers.TryGetValues("Link", out var links) && Link().Match(links.First()) is { Success: true } match
            && new Uri(asked, match.Groups[1].Value) is var next && next.Authority == asked.Authority
            ? next
            : null;

    [GeneratedRegex("<([^>]+)>;\\s*rel=\"?next\"?")]
    private static partial Regex Link();

    [GeneratedRegex(@"\A(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\z")]
    private static partial Regex Digest();
}
