using System.Text;

namespace Builds.Worker.Images;

/// <summary>A checkout, in which no path written by its author leads outside: every link on the way is followed by us,
/// inside the root. Paths in and out use <c>/</c> and start at the root; the root itself is <c>""</c>.</summary>
public sealed class SourceTree(string root)
{
    private const int MostLinks = 40;

    /// <summary>Dockerfiles and ignore files are read whole.</summary>
    private const int MostText = 4 << 20;

    public string Full(string path) => Path.Combine(root, path);

    /// <summary>Where a path ends after all links; null where nothing is there.</summary>
    /// <exception cref="BuildFailedException">It leads out of the repository.</exception>
    public string? Resolve(string what, string written)
    {
        var left = new Stack<string>(Segments(what, written, written));
        var reached = new List<string>();
        var links = 0;
        while (left.TryPop(out var segment))
        {
            if (segment == "..")
            {
                if (reached.Count == 0)
                    throw Outside(what, written);
                reached.RemoveAt(reached.Count - 1);
                continue;
            }

            reached.Add(segment);
            var entry = new FileInfo(Full(string.Join('/', reached)));
            if (entry.LinkTarget is { } target)
            {
                if (++links > MostLinks)
                    throw new BuildFailedException($"The {what} \"{written}\" goes through too many symbolic links.");
                reached.RemoveAt(reached.Count - 1);
                foreach (var step in Segments(what, written, target))
                    left.Push(step);
            }
            else if (!entry.Exists && !Directory.Exists(entry.FullName))
                return null;
        }

        return string.Join('/', reached);
    }

    /// <summary>The text of a small file; null where there is none.</summary>
    public async Task<string?> ReadAsync(string what, string written, CancellationToken cancel)
    {
        if (Resolve(what, written) is not { } path)
            return null;
        if (Directory.Exists(Full(path)))
            throw new BuildFailedException($"The {what} \"{written}\" is a folder, not a file.");
        if (new FileInfo(Full(path)).Length > MostText)
            throw new BuildFailedException($"The {what} \"{written}\" is larger than {MostText >> 20} MiB.",
                Contracts.FailureClass.Limit);
        return await File.ReadAllTextAsync(Full(path), Encoding.UTF8, cancel);
    }

    /// <summary>Last one first, as a stack takes them.</summary>
    private static IEnumerable<string> Segments(string what, string written, string path) =>
        path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal)
            ? throw Outside(what, written)
            : path.Split('/').Where(segment => segment is not ("" or ".")).Reverse();

    private static BuildFailedException Outside(string what, string written) =>
        new($"The {what} \"{written}\" leads outside the repository. Give a path inside it, counted from its root.");
}
