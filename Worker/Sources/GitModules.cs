using System.Text.RegularExpressions;

namespace Builds.Worker.Sources;

/// <summary>Reads <c>.gitmodules</c>: paths and URLs only, for the rest of git's configuration language reaches for other files.</summary>
internal static partial class GitModules
{
    public static Dictionary<string, string> Urls(string text)
    {
        var urls = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var section in Section().Split(text).Skip(1))
        {
            var values = Value().Matches(section)
                .ToLookup(match => match.Groups["key"].Value.ToLowerInvariant(), match => match.Groups["value"].Value.Trim('"'));
            if (values["path"].LastOrDefault() is { } path && values["url"].LastOrDefault() is { } url)
                urls[path.TrimEnd('/')] = url;
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

    [GeneratedRegex(@"^[ \t]*\[submodule[ \t]+""[^\r\n]*""\][ \t]*", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Section();

    [GeneratedRegex(@"^[ \t]*(?<key>path|url)[ \t]*=[ \t]*(?<value>[^\r\n#;]*?)[ \t\r]*([#;].*)?$",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Value();
}
