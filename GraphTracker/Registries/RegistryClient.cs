using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Builds.Contracts;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// The HTTP API of the registries that a setting knows, as far as the graph needs it; nothing is written.
/// </summary>
public sealed partial class RegistryClient : IDisposable
{
    private const int MostManifest = 4 << 20; // what registries accept at most
    private const int MostBlob = 8 << 20;     // a configuration with thousands of steps, or a provenance, has less
    private const int MostPage = 8 << 20;
    private const string Catalog = "_catalog";
    private const int PageSize = 100;         // what any registry gives
    private const int MostPages = 20_000;     // a list that goes on longer goes in circles

    private readonly Dictionary<string, RegistryConnection> _connections;
    private readonly TimeProvider _clock;

    public RegistryClient(IOptions<RegistryOptions> options, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _connections = options.Value.Known.ToDictionary(
            registry => registry.Host, registry => new RegistryConnection(registry, options.Value, _clock));
    }

    /// <returns>The digest that the tag points to; null where it is not there.</returns>
    public async Task<string?> DigestOfAsync(ImageReference image, string tag, CancellationToken cancel)
    {
        if (!NameRules.IsTag(tag))
            return null;
        if (await AskAsync(HttpMethod.Head, image, $"manifests/{tag}", MediaTypes.Manifests, MostManifest, cancel)
            is not { } head)
            return null;
        if (head.Headers.TryGetValues("Docker-Content-Digest", out var digests) && NameRules.IsDigest(digests.First()))
            return digests.First();
        try
        {
            return await AskAsync(HttpMethod.Get, image, $"manifests/{tag}", MediaTypes.Manifests, MostManifest, cancel)
                is { } whole
                ? ContentDigest.Of(Schema1Reader.Signed(whole.Bytes, whole.MediaType))
                : null;
        }
        catch (ManifestBadException e)
        {
            throw new RegistryUnavailableException($"What {tag} points to is not known. {e.Message}", e)
            {
                IsRefusal = true,
            };
        }
    }

    /// <summary>
    /// What lies under the digest, read whole: an index with its images, an image with its configuration.
    /// </summary>
    public Task<SeenManifest> ReadAsync(ImageReference image, string digest, CancellationToken cancel) =>
        new ManifestReader(this, image).ReadAsync(digest, cancel);

    /// <summary>Names of all repositories.</summary>
    public IAsyncEnumerable<string> CatalogAsync(string registry, CancellationToken cancel) =>
        ListAsync(registry, Catalog, "registry:catalog:*", "repositories", NameRules.IsRepository, cancel);

    /// <summary>None where the repository is not there.</summary>
    public IAsyncEnumerable<string> TagsAsync(ImageReference image, CancellationToken cancel) =>
        NameRules.IsRepository(image.Repository)
            ? ListAsync(
                image.Registry!, $"{image.Repository}/tags/list", ScopeOf(image), "tags", NameRules.IsTag, cancel)
            : AsyncEnumerable.Empty<string>();

    /// <summary>Whether the registry is there, whatever it may have against a single question.</summary>
    public Task<bool> AnswersAsync(string registry, CancellationToken cancel) => To(registry).AnswersAsync(cancel);

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
            connection.Dispose();
    }

    internal async Task<(byte[] Bytes, string MediaType)> ManifestAsync(
        ImageReference image, string digest, CancellationToken cancel)
    {
        Check(digest);
        var read = await AskAsync(
            HttpMethod.Get, image, $"manifests/{digest}", MediaTypes.Manifests, MostManifest, cancel)
            ?? throw new ManifestGoneException($"{image.Registry}/{image.Repository} does not have {digest}.");
        return (ContentDigest.Check(Schema1Reader.Signed(read.Bytes, read.MediaType), digest), read.MediaType);
    }

    internal async Task<byte[]> BlobAsync(ImageReference image, string digest, CancellationToken cancel)
    {
        Check(digest);
        var read = await AskAsync(HttpMethod.Get, image, $"blobs/{digest}", ["*/*"], MostBlob, cancel)
            ?? throw new ManifestBadException($"It names {digest}, which is not in the registry.") { MayPass = true };
        return ContentDigest.Check(read.Bytes, digest);
    }

    private static void Check(string digest)
    {
        if (!NameRules.IsDigest(digest))
            throw new ManifestBadException($"It names \"{digest}\", which is no digest that can be checked.");
    }

    private static string ScopeOf(ImageReference image) => $"repository:{image.Repository}:pull";

    private RegistryConnection To(string registry) =>
        _connections.TryGetValue(registry, out var connection)
            ? connection
            : throw new UnknownRegistryException($"No setting knows the registry {registry} (Registries:Known).");

    private Task<RegistryAnswer?> AskAsync(
        HttpMethod method, ImageReference image, string path, IEnumerable<string> accept, int most,
        CancellationToken cancel)
    {
        var connection = To(image.Registry!);
        return NameRules.IsRepository(image.Repository)
            ? connection.AskAsync(
                method, new Uri(connection.Api, $"{image.Repository}/{path}"), ScopeOf(image), accept, most, cancel)
            : Task.FromResult<RegistryAnswer?>(null); // what cannot have that name is not there
    }

    // Page by page, by the Link header (RFC 5988) that the specification prescribes.
    private async IAsyncEnumerable<string> ListAsync(
        string registry, string path, string scope, string name, Func<string, bool> isName,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var connection = To(registry);
        Uri? next = new Uri(connection.Api, $"{path}?n={PageSize}");
        for (var pages = 0; next is not null; pages++)
        {
            if (pages == MostPages)
                throw new RegistryUnavailableException($"{registry} answers {path} with a list that does not end.")
                {
                    IsRefusal = true,
                };
            if (await PageAsync(connection, next, scope, cancel) is not { } page)
            {
                if (path == Catalog)
                    throw new RegistryUnavailableException($"{registry} has no catalog.") { IsRefusal = true };
                yield break;
            }

            foreach (var one in NamesOf(registry, page, name).Where(isName))
                yield return one;
            next = NextOf(page, next);
            await Task.Delay(connection.Pause, _clock, cancel);
        }
    }

    private static async Task<RegistryAnswer?> PageAsync(
        RegistryConnection connection, Uri uri, string scope, CancellationToken cancel)
    {
        try
        {
            return await connection.AskAsync(HttpMethod.Get, uri, scope, ["application/json"], MostPage, cancel);
        }
        catch (ManifestBadException e)
        {
            throw new RegistryUnavailableException(
                $"The answer to {uri.AbsolutePath} is no page of names. {e.Message}", e)
            {
                IsRefusal = true,
            };
        }
    }

    private static List<string> NamesOf(string registry, RegistryAnswer page, string name)
    {
        try
        {
            using var json = JsonDocument.Parse(page.Bytes);
            return ManifestReader.Property(json.RootElement, name) is { ValueKind: JsonValueKind.Array } names
                ? [.. names.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String)
                    .Select(one => one.GetString()!)]
                : [];
        }
        catch (JsonException e)
        {
            throw new RegistryUnavailableException($"{registry} answered with a list that is not JSON: {e.Message}", e)
            {
                IsRefusal = true,
            };
        }
    }

    // A registry behind a proxy may name itself by another host or scheme: the way that was asked is kept.
    private static Uri? NextOf(RegistryAnswer page, Uri asked)
    {
        if (!page.Headers.TryGetValues("Link", out var links)
            || Link().Match(links.First()) is not { Success: true } link
            || !Uri.TryCreate(asked, link.Groups[1].Value, out var named))
            return null;
        var next = new UriBuilder(asked) { Path = named.AbsolutePath, Query = named.Query }.Uri;
        return next == asked ? null : next;
    }

    [GeneratedRegex("<([^>]+)>;\\s*rel=\"?next\"?")]
    private static partial Regex Link();
}
