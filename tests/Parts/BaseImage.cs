using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Builds.Parts;

/// <summary>A small image with a shell, made from the machine's static busybox without any daemon.</summary>
public sealed record BaseImage(byte[] Config, byte[] Layer, byte[] Manifest)
{
    public const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";
    public const string IndexType = "application/vnd.docker.distribution.manifest.list.v2+json";

    private static readonly string[] Commands =
        ("sh ash cat cp mv rm ln ls mkdir rmdir touch echo printf true false test [ env id pwd sleep seq yes head tail grep sed awk sort "
        + "uniq wc tr cut find xargs dd date expr basename dirname chmod chown stat sha256sum md5sum base64 tar gzip gunzip "
        + "wget nc ping ip hostname uname ps kill df du mount umount vi tee timeout usleep od hexdump readlink realpath mktemp")
        .Split(' ');

    public static string Architecture =>
        RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    public string ConfigDigest => DigestOf(Config);

    public string LayerDigest => DigestOf(Layer);

    public string Digest => DigestOf(Manifest);

    /// <param name="files">Absolute path → content, beside the shell.</param>
    public static async Task<BaseImage> CreateAsync(
        IReadOnlyDictionary<string, byte[]>? files = null,
        IReadOnlyDictionary<string, string>? labels = null,
        string? architecture = null)
    {
        var tar = await TarAsync(files ?? new Dictionary<string, byte[]>());
        using var zipped = new MemoryStream();
        await using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(tar);

        var layer = zipped.ToArray();
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = architecture ?? Architecture,
            os = "linux",
            created = "2024-01-01T00:00:00Z",
            config = new
            {
                Env = new[] { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
                Cmd = new[] { "sh" },
                Labels = labels ?? new Dictionary<string, string>(),
            },
            rootfs = new { type = "layers", diff_ids = new[] { DigestOf(tar) } },
            history = new[] { new { created = "2024-01-01T00:00:00Z", created_by = "busybox" } },
        });
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = new
            {
                mediaType = "application/vnd.docker.container.image.v1+json",
                size = config.Length,
                digest = DigestOf(config),
            },
            layers = new[]
            {
                new
                {
                    mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    size = layer.Length,
                    digest = DigestOf(layer),
                },
            },
        });
        return new BaseImage(config, layer, manifest);
    }

    public static string DigestOf(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    private static async Task<byte[]> TarAsync(IReadOnlyDictionary<string, byte[]> files)
    {
        var busybox = Installed.Program("busybox", "busybox-static");
        using var stream = new MemoryStream();
        await using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var folder in new[] { "bin/", "etc/", "proc/", "sys/", "dev/", "tmp/", "root/" })
                await AddAsync(tar, TarEntryType.Directory, folder, folder == "tmp/" ? 0x3FF : 0x1ED);
            await AddAsync(tar, TarEntryType.RegularFile, "bin/busybox", 0x1ED, await File.ReadAllBytesAsync(busybox));
            foreach (var command in Commands)
                await AddAsync(tar, TarEntryType.SymbolicLink, "bin/" + command, 0x1FF, target: "busybox");
            await AddAsync(tar, TarEntryType.RegularFile, "etc/passwd", 0x1A4, "root:x:0:0:root:/root:/bin/sh\n"u8.ToArray());
            await AddAsync(tar, TarEntryType.RegularFile, "etc/group", 0x1A4, "root:x:0:\n"u8.ToArray());
            foreach (var (path, content) in files)
                await AddAsync(tar, TarEntryType.RegularFile, path.TrimStart('/'), 0x1A4, content);
        }

        return stream.ToArray();
    }

    private static Task AddAsync(
        TarWriter tar,
        TarEntryType type,
        string name,
        int mode,
        byte[]? content = null,
        string? target = null)
    {
        // the same bytes on every call: the digest is a fact about the content
        var entry = new PaxTarEntry(type, name)
        {
            Mode = (UnixFileMode)mode,
            ModificationTime = DateTimeOffset.UnixEpoch,
        };
        if (content is not null)
            entry.DataStream = new MemoryStream(content);
        if (target is not null)
            entry.LinkName = target;
        return tar.WriteEntryAsync(entry);
    }
}
