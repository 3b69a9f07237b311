namespace Builds.Worker.Sources;

/// <summary>
/// Reads <c>.gitmodules</c>: paths and URLs only, for the rest of git's configuration language reaches for other files.
/// </summary>
internal static class GitModules
{
    public const int MaxBytes = 1 << 20;

    public static Dictionary<string, string> Urls(string text)
    {
        var urls = new Dictionary<string, string>(StringComparer.Ordinal);
        var inside = false;
        string? path = null, url = null;
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith('['))
            {
                inside = line.StartsWith("[submodule \"", StringComparison.OrdinalIgnoreCase);
                path = url = null;
            }
            else if (inside && line.Split('=', 2, StringSplitOptions.TrimEntries) is [var key, var value])
            {
                value = value.StartsWith('"') ? value.Trim('"') : value.Split('#', ';')[0].TrimEnd();
                if (key.Equals("path", StringComparison.OrdinalIgnoreCase))
                    path = value.TrimEnd('/');
                if (key.Equals("url", StringComparison.OrdinalIgnoreCase))
                    url = value;
            }
            if (path is not null && url is not null)
                urls[path] = url;
        }
        return urls;
    }

    /// <summary>Relative ones (<c>../other.git</c>) stand beside the repository that names them.</summary>
    public static string Absolute(GitUrl parent, string url)
    {
        if (!url.StartsWith("./", StringComparison.Ordinal) && !url.StartsWith("../", StringComparison.Ordinal))
            return url;
        var path = parent.Path.TrimEnd('/').Split('/').ToList();
        foreach (var part in url.Split('/'))
        {
            if (part == ".." && path.Count > 0)
                path.RemoveAt(path.Count - 1);
            else if (part is not ("." or ".."))
                path.Add(part);
        }
        return (parent with { Path = string.Join('/', path) }).ToString();
    }
}
