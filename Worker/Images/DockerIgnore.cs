using System.Text;
using System.Text.RegularExpressions;

namespace Builds.Worker.Images;

/// <summary>
/// A .dockerignore file: a path is left out when the last pattern that matches it or a folder above it has no <c>!</c>
/// (Docker's build context reference; patterns are Go's filepath.Match and <c>**</c>).
/// </summary>
public sealed class DockerIgnore
{
    private readonly IReadOnlyList<(Regex Pattern, bool Keeps)> _patterns;

    private DockerIgnore(IReadOnlyList<(Regex, bool)> patterns)
    {
        _patterns = patterns;
        KeepsSome = _patterns.Any(pattern => pattern.Keeps);
    }

    public static DockerIgnore Nothing { get; } = new([]);

    /// <summary>There is a <c>!</c> pattern, so that something in a folder left out may stay.</summary>
    public bool KeepsSome { get; }

    /// <exception cref="BuildFailedException">With the line of a pattern that is none.</exception>
    public static DockerIgnore Parse(string path, string text)
    {
        var patterns = new List<(Regex, bool)>();
        var lines = text.TrimStart('\uFEFF').Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            var line = lines[at].Trim();
            if (line.Length == 0 || lines[at].StartsWith('#'))
                continue;

            var keeps = line[0] == '!';
            var pattern = keeps ? line[1..].Trim() : line;
            if (keeps && pattern.Length == 0 || ToRegex(Clean(pattern)) is not { } regex)
                throw new BuildFailedException(
                    $"\"{path}\" cannot be used, line {at + 1}: \"{line}\" is not a pattern.");
            patterns.Add((regex, keeps));
        }

        return new DockerIgnore(patterns);
    }

    /// <param name="path">From the root of the context, with <c>/</c>.</param>
    public bool LeavesOut(string path)
    {
        for (var at = _patterns.Count - 1; at >= 0; at--)
            if (MatchesSelfOrParent(_patterns[at].Pattern, path))
                return !_patterns[at].Keeps;
        return false;
    }

    private static bool MatchesSelfOrParent(Regex pattern, string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
            if (pattern.IsMatch(path.AsSpan(0, end)))
                return true;
        return false;
    }

    /// <summary>As Go's filepath.Clean, then without the first slash.</summary>
    private static string Clean(string pattern)
    {
        var rooted = pattern.StartsWith('/');
        var kept = new List<string>();
        foreach (var segment in pattern.Split('/').Where(segment => segment is not ("" or ".")))
            if (segment != "..")
                kept.Add(segment);
            else if (kept.Count > 0 && kept[^1] != "..")
                kept.RemoveAt(kept.Count - 1);
            else if (!rooted)
                kept.Add(segment);
        return kept.Count == 0 ? rooted ? "/" : "." : string.Join('/', kept);
    }

    /// <summary>Null where it is not a pattern. Not backtracking: patterns are the author's, and so are the
    /// paths.</summary>
    private static Regex? ToRegex(string pattern)
    {
        var regex = new StringBuilder(@"\A");
        for (var at = 0; at < pattern.Length; at++)
        {
            var c = pattern[at];
            if (c == '*' && at + 1 < pattern.Length && pattern[at + 1] == '*')
            {
                at += at + 2 < pattern.Length && pattern[at + 2] == '/' ? 2 : 1;
                regex.Append(at + 1 == pattern.Length ? ".*" : "(.*/)?");
            }
            else if (c == '*')
                regex.Append("[^/]*");
            else if (c == '?')
                regex.Append("[^/]");
            else if (c == '[')
            {
                if (Class(pattern, ref at) is not { } set)
                    return null;
                regex.Append(set);
            }
            else if (c != '\\')
                regex.Append(Regex.Escape(c.ToString()));
            else if (++at < pattern.Length)
                regex.Append(Regex.Escape(pattern[at].ToString()));
            else
                return null;
        }

        return new Regex(regex.Append(@"\z").ToString(),
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }

    /// <summary>From the <c>[</c> to the <c>]</c>.</summary>
    private static string? Class(string pattern, ref int at)
    {
        var set = new StringBuilder("[");
        at++;
        if (at < pattern.Length && pattern[at] == '^')
        {
            set.Append('^');
            at++;
        }

        for (var first = true; at < pattern.Length; first = false)
        {
            if (pattern[at] == ']' && !first)
                return set.Append(']').ToString();
            if (Member(pattern, ref at) is not { } low)
                return null;

            var high = low;
            if (at < pattern.Length && pattern[at] == '-')
            {
                at++;
                if (Member(pattern, ref at) is not { } end)
                    return null;
                high = end;
            }

            // A range that ends before it begins matches nothing; a class has to hold something.
            set.Append(low <= high ? $@"\u{(int)low:x4}-\u{(int)high:x4}" : @"\u0000");
        }

        return null;
    }

    private static char? Member(string pattern, ref int at)
    {
        if (at >= pattern.Length || pattern[at] is '-' or ']')
            return null;
        if (pattern[at] == '\\' && ++at >= pattern.Length)
            return null;
        return pattern[at++];
    }
}
