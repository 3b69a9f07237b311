using System.Formats.Tar;
using System.IO.Pipelines;
using System.Text;
using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>
/// What a build can COPY from, as a tar stream: links stay links, modes are kept, owners and times are fixed, so that
/// the same commit gives the same layers. A checkout holds nothing but files, folders and links, which is all that git
/// stores.
/// </summary>
/// <param name="Root">The folder.</param>
/// <param name="Ignore">What is left out.</param>
/// <param name="Dockerfile">Path of the Dockerfile in the stream.</param>
/// <param name="Generated">Its text, where it is not simply the file of that name.</param>
public sealed record BuildContext(string Root, DockerIgnore Ignore, string Dockerfile, string? Generated)
{
    /// <summary>Late enough for every archive format that a build may put the files into.</summary>
    private static readonly DateTimeOffset Time = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>git's own folder changes with every checkout, and BuildKit leaves it out of git contexts too.</summary>
    public bool WithGit { get; init; }

    /// <summary>The classic builder reads it once more, to take it and the Dockerfile out again where it leaves them
    /// out.</summary>
    public bool WithIgnoreFile { get; init; }

    /// <summary>Ends when all is written, or nobody reads on.</summary>
    public async Task WriteAsync(PipeWriter pipe, ImageOptions limits, CancellationToken cancel)
    {
        Exception? fault = null;
        try
        {
            await using var output = pipe.AsStream(leaveOpen: true);
            await using var tar = new TarWriter(output, TarEntryFormat.Gnu, leaveOpen: true);
            await new Writing(this, tar, limits).WriteAsync(cancel);
        }
        catch (Exception e)
        {
            fault = e;
            throw;
        }
        finally
        {
            await pipe.CompleteAsync(fault);
        }
    }

    private sealed class Writing(BuildContext context, TarWriter tar, ImageOptions limits)
    {
        private readonly HashSet<string> _kept = new(StringComparer.Ordinal);
        private long _bytes;
        private int _files;

        public async Task WriteAsync(CancellationToken cancel)
        {
            // BuildKit looks at the first KiB to see whether this is a tar at all, so that must not be a long name.
            await AddAsync(new GnuTarEntry(TarEntryType.Directory, "./"), RootMode, cancel);
            if (context.Generated is { } text)
            {
                using var data = new MemoryStream(Encoding.UTF8.GetBytes(text));
                await AddAsync(new GnuTarEntry(TarEntryType.RegularFile, context.Dockerfile) { DataStream = data },
                    UnixFileMode.UserRead, cancel);
            }

            await FolderAsync("", [], cancel);
        }

        /// <param name="above">Folders left out themselves, written only if something in them stays.</param>
        private async Task FolderAsync(string folder, IReadOnlyList<string> above, CancellationToken cancel)
        {
            var entries = new DirectoryInfo(Path.Combine(context.Root, folder)).EnumerateFileSystemInfos()
                .OrderBy(entry => entry.Name, StringComparer.Ordinal);
            foreach (var entry in entries)
            {
                var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
                if (path == context.Dockerfile && context.Generated is not null
                    || entry.Name == ".git" && !context.WithGit)
                    continue;

                var isFolder = entry is DirectoryInfo && entry.LinkTarget is null;
                var isLeftOut = context.Ignore.LeavesOut(path) && path != context.Dockerfile
                    && !(context.WithIgnoreFile && path == ".dockerignore");
                if (isFolder && isLeftOut)
                {
                    if (context.Ignore.KeepsSome || context.Dockerfile.StartsWith(path + "/", StringComparison.Ordinal))
                        await FolderAsync(path, [.. above, path], cancel);
                }
                else if (!isLeftOut)
                {
                    foreach (var parent in above.Where(_kept.Add))
                        await EntryAsync(new DirectoryInfo(Path.Combine(context.Root, parent)), parent, cancel);
                    await EntryAsync(entry, path, cancel);
                    if (isFolder)
                        await FolderAsync(path, [], cancel);
                }
            }
        }

        private async Task EntryAsync(FileSystemInfo entry, string path, CancellationToken cancel)
        {
            if (path.Contains('\uFFFD', StringComparison.Ordinal))
                throw new BuildFailedException(
                    $"The file name \"{path}\" is not UTF-8. Rename it, or leave it out by .dockerignore.");
            if (entry.LinkTarget is { } target)
                await AddAsync(new GnuTarEntry(TarEntryType.SymbolicLink, path) { LinkName = target }, AllBits, cancel);
            else if (entry is DirectoryInfo)
                await AddAsync(new GnuTarEntry(TarEntryType.Directory, path + "/"), entry.UnixFileMode, cancel);
            else
            {
                await using var data = new FileStream(entry.FullName, FileMode.Open, FileAccess.Read, FileShare.Read,
                    1 << 16, useAsync: true);
                await AddAsync(new GnuTarEntry(TarEntryType.RegularFile, path) { DataStream = data },
                    entry.UnixFileMode, cancel);
            }
        }

        private async Task AddAsync(GnuTarEntry entry, UnixFileMode mode, CancellationToken cancel)
        {
            _bytes += entry.DataStream?.Length ?? 0;
            if (++_files > limits.MaxContextFiles)
                throw TooLarge($"more than {limits.MaxContextFiles} files");
            if (_bytes > limits.MaxContextBytes)
                throw TooLarge($"more than {limits.MaxContextBytes} bytes (with \"{entry.Name}\")");
            entry.Mode = mode;
            entry.ModificationTime = Time;
            await tar.WriteEntryAsync(entry, cancel);
        }

        private static BuildFailedException TooLarge(string what) => new(
            $"The build context holds {what}, which is the limit here. " +
            "Leave out what the build does not need by a .dockerignore file, or ask the operator to raise the limit.",
            FailureClass.Limit);

        private const UnixFileMode AllBits = (UnixFileMode)0b111_111_111;
        private const UnixFileMode RootMode = (UnixFileMode)0b111_101_101;
    }
}
