using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Builds.Parts;

namespace Builds.Flow.Tests.ByHand;

/// <param name="Blob">As the registry keeps it.</param>
/// <param name="DiffId">Of what is in it.</param>
public sealed record StackedLayer(byte[] Blob, string DiffId);

/// <summary>An image put together layer by layer, without any builder.</summary>
/// <param name="History">What each layer came from; without it nothing is told.</param>
public sealed record StackedImage(
    string Architecture, IReadOnlyList<StackedLayer> Layers, IReadOnlyList<string>? History = null)
{
    private static readonly Types Docker = new(
        BaseImage.ManifestType,
        BaseImage.IndexType,
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip");

    private static readonly Types Oci = new(
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip");

    /// <summary>Media types of the image specification; Docker's where it is not set.</summary>
    public bool IsOci { get; init; }

    private Types Called => IsOci ? Oci : Docker;

    /// <summary>With a shell, and of another content for each version.</summary>
    public static async Task<StackedImage> ShellAsync(string version, string? architecture = null)
    {
        var image = await BaseImage.CreateAsync(
            new Dictionary<string, byte[]> { ["/etc/version"] = Encoding.UTF8.GetBytes(version) });
        return new StackedImage(
            architecture ?? BaseImage.Architecture,
            [new StackedLayer(image.Layer, DiffIdsOf(image.Config)[0])],
            ["shell"]);
    }

    /// <summary>The layers of what somebody has pushed.</summary>
    public static async Task<StackedImage> ReadAsync(Registry registry, string image)
    {
        var (repository, tag) = Split(image);
        var manifest = (await registry.ManifestAsync(repository, tag))!.Body;
        var config = await registry.BlobAsync(repository, DigestOf(manifest.GetProperty("config")));
        var layers = new List<StackedLayer>();
        foreach (var (layer, diffId) in manifest.GetProperty("layers").EnumerateArray().Zip(DiffIdsOf(config)))
            layers.Add(new StackedLayer(await registry.BlobAsync(repository, DigestOf(layer)), diffId));
        return new StackedImage(BaseImage.Architecture, layers);
    }

    /// <summary>With one more layer: a file of this content.</summary>
    public StackedImage With(string content)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "content")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(tar.ToArray());
        var layer = new StackedLayer(zipped.ToArray(), BaseImage.DigestOf(tar.ToArray()));
        return this with { Layers = [.. Layers, layer], History = History is null ? null : [.. History, content] };
    }

    /// <summary>Its own layers, on another version of its base.</summary>
    public StackedImage Rebased(StackedImage old, StackedImage @new) =>
        this with { Layers = [.. @new.Layers, .. Layers.Skip(old.Layers.Count)] };

    /// <param name="image">With a tag.</param>
    /// <returns>Its digest.</returns>
    public async Task<string> PutAsync(Registry registry, string image)
    {
        var (repository, tag) = Split(image);
        return await registry.PutManifestAsync(
            repository, tag, Called.Manifest, await PutBlobsAsync(registry, repository));
    }

    /// <summary>One image for several platforms.</summary>
    public static async Task PutIndexAsync(Registry registry, string image, params StackedImage[] images)
    {
        var (repository, tag) = Split(image);
        var listed = new List<object>();
        foreach (var one in images)
        {
            var manifest = await one.PutBlobsAsync(registry, repository);
            var digest = BaseImage.DigestOf(manifest);
            await registry.PutManifestAsync(repository, digest, one.Called.Manifest, manifest);
            listed.Add(new
            {
                mediaType = one.Called.Manifest, size = manifest.Length, digest,
                platform = new { architecture = one.Architecture, os = "linux" },
            });
        }

        var mediaType = images[0].Called.Index;
        await registry.PutManifestAsync(repository, tag, mediaType, JsonSerializer.SerializeToUtf8Bytes(
            new { schemaVersion = 2, mediaType, manifests = listed }));
    }

    private async Task<byte[]> PutBlobsAsync(Registry registry, string repository)
    {
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = Architecture,
            os = "linux",
            config = new { Env = new[] { "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, Cmd = new[] { "sh" } },
            rootfs = new { type = "layers", diff_ids = Layers.Select(layer => layer.DiffId) },
            history = History?.Select(step => new { created_by = step }),
        });
        foreach (var blob in Layers.Select(layer => layer.Blob).Append(config))
            await registry.PutBlobAsync(repository, blob);
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = Called.Manifest,
            config = Described(Called.Config, config),
            layers = Layers.Select(layer => Described(Called.Layer, layer.Blob)),
        });
    }

    private static object Described(string mediaType, byte[] blob) =>
        new { mediaType, size = blob.Length, digest = BaseImage.DigestOf(blob) };

    private static string DigestOf(JsonElement described) => described.GetProperty("digest").GetString()!;

    private static List<string> DiffIdsOf(byte[] config)
    {
        using var read = JsonDocument.Parse(config);
        return [.. read.RootElement.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray()
            .Select(diffId => diffId.GetString()!)];
    }

    private static (string Repository, string Tag) Split(string image)
    {
        var parts = image.Split(':');
        return (parts[0], parts[1]);
    }

    private sealed record Types(string Manifest, string Index, string Config, string Layer);
}
