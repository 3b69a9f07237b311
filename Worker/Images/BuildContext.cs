using System.Text;
using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>What a build can COPY from. A checkout holds nothing but files, folders and links, which is all that git
/// stores.</summary>
/// <param name="Root">The folder.</param>
/// <param name="Ignore">What is left out.</param>
/// <param name="Dockerfile">Path of the Dockerfile in it; null where it is not there just as the daemon is to have
/// it.</param>
public sealed record BuildContext(string Root, DockerIgnore Ignore, string? Dockerfile)
{
    /// <summary>All that is sent has this time, so that the same commit gives the same layers. Late enough for every
    /// archive format that a build may put the files into.</summary>
    public static readonly DateTimeOffset Time = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>git's own folder changes with every checkout, and BuildKit leaves it out of git contexts too.</summary>
    public bool WithGit { get; init; }

    /// <summary>Folders before what is in them, and each folder's entries by the bytes of their names.</summary>
    /// <param name="kept">Paths that are not left out, whatever the ignore file says.</param>
    public IEnumerable<ContextEntry> Entries(params IReadOnlyCollection<string> kept) =>
        new Walk(this, kept).Folder("", []);

    /// <exception cref="BuildFailedException">There is more than the limits allow, or a name is not UTF-8.</exception>
    public void Check(ImageOptions limits)
    {
        var (files, bytes) = (0, 0L);
        foreach (var entry in Entries())
        {
            if (entry.Path.Contains('\uFFFD', StringComparison.Ordinal))
                throw new BuildFailedException(
                    $"The file name \"{entry.Path}\" is not UTF-8. Rename it, or leave it out by .dockerignore.");
            bytes += entry.Size;
            if (++files > limits.MaxContextFiles)
                throw TooLarge($"more than {limits.MaxContextFiles} files");
            if (bytes > limits.MaxContextBytes)
                throw TooLarge($"more than {limits.MaxContextBytes} bytes (with \"{entry.Path}\")");
        }
    }

    private static BuildFailedException TooLarge(string what) => new(
        $"The build context holds {what}, which is the limit here. " +
        "Leave out what the build does not need by a .dockerignore file, or ask the operator to raise the limit.",
        FailureClass.Limit);

    private sealed class Walk(BuildContext context, IReadOnlyCollection<string> kept)
    {
        private readonly HashSet<string> _shown = new(StringComparer.Ordinal);

        /// <param name="above">Folders left out themselves, shown only if something in them stays.</param>
        public IEnumerable<ContextEntry> Folder(string folder, IReadOnlyList<string> above)
        {
            var entries = new DirectoryInfo(Path.Combine(context.Root, folder)).EnumerateFileSystemInfos()
                .Where(entry => entry.Name != ".git" || context.WithGit)
                .OrderBy(entry => Convert.ToHexString(Encoding.UTF8.GetBytes(entry.Name)), StringComparer.Ordinal);
            foreach (var info in entries)
            {
                var entry = new ContextEntry(folder.Length == 0 ? info.Name : $"{folder}/{info.Name}", info);
                var isLeftOut = context.Ignore.LeavesOut(entry.Path) && !kept.Contains(entry.Path);
                if (!isLeftOut)
                {
                    foreach (var parent in above.Where(_shown.Add))
                        yield return new ContextEntry(parent, new DirectoryInfo(Path.Combine(context.Root, parent)));
                    yield return entry;
                }

                if (entry.IsFolder && (!isLeftOut || MayHold(entry.Path)))
                    foreach (var below in Folder(entry.Path, isLeftOut ? [.. above, entry.Path] : []))
                        yield return below;
            }
        }

        private bool MayHold(string folder) =>
            context.Ignore.KeepsSome || kept.Any(path => path.StartsWith(folder + "/", StringComparison.Ordinal));
    }
}

/// <summary>A file, folder or link of a context.</summary>
/// <param name="Path">From the root of the context, with <c>/</c>.</param>
public sealed record ContextEntry(string Path, FileSystemInfo Info)
{
    public string? Link { get; } = Info.LinkTarget;

    public bool IsFolder => Info is DirectoryInfo && Link is null;

    /// <summary>Bytes of a file, 0 for others.</summary>
    public long Size => Link is null && Info is FileInfo file ? file.Length : 0;

    /// <summary>A link's own mode counts for nothing.</summary>
    public UnixFileMode Mode => Link is null ? Info.UnixFileMode : (UnixFileMode)0b111_111_111;

    public static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
}
