using System.Formats.Tar;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Builds.Worker.Images;

/// <summary>A context as the classic builder takes it: a tar with the Dockerfile in it. It reads the ignore file once
/// more, to take out again what was kept for it.</summary>
public sealed class ContextTar : HttpContent
{
    private readonly BuildContext _context;
    private readonly string _text;

    /// <param name="text">Of the Dockerfile.</param>
    public ContextTar(BuildContext context, string text)
    {
        (_context, _text) = (context, text);
        Dockerfile = context.Dockerfile
            ?? $".dockerfile.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12]}";
        Headers.ContentType = new("application/x-tar");
    }

    /// <summary>Its path in the tar.</summary>
    public string Dockerfile { get; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        WriteAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        WriteAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    /// <summary>Links stay links, modes are kept, owners and times are fixed.</summary>
    public async Task WriteAsync(Stream output, CancellationToken cancel)
    {
        await using var tar = new TarWriter(output, TarEntryFormat.Gnu, leaveOpen: true);
        if (_context.Dockerfile is null)
        {
            using var data = new MemoryStream(Encoding.UTF8.GetBytes(_text));
            await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, Dockerfile)
            {
                DataStream = data, Mode = UnixFileMode.UserRead, ModificationTime = BuildContext.Time,
            }, cancel);
        }

        foreach (var entry in _context.Entries(Dockerfile, ".dockerignore"))
            if (entry.Path != Dockerfile || _context.Dockerfile is not null)
                await WriteAsync(tar, entry, cancel);
    }

    private static async Task WriteAsync(TarWriter tar, ContextEntry entry, CancellationToken cancel)
    {
        await using var data = entry is { Link: null, IsFolder: false } ? ContextEntry.Open(entry.Info.FullName) : null;
        var written = data is not null ? new GnuTarEntry(TarEntryType.RegularFile, entry.Path) { DataStream = data }
            : entry.Link is { } target ? new GnuTarEntry(TarEntryType.SymbolicLink, entry.Path) { LinkName = target }
            : new GnuTarEntry(TarEntryType.Directory, entry.Path + "/");
        written.Mode = entry.Mode;
        written.ModificationTime = BuildContext.Time;
        await tar.WriteEntryAsync(written, cancel);
    }
}
