using System.Text.RegularExpressions;

namespace Builds.Worker.Images;

/// <summary>The parser directives: lines <c># key=value</c> before anything else.</summary>
/// <param name="Lines">How many lines they take.</param>
internal sealed partial record DockerfileHead(int Lines, char Escape, DockerfileSyntax? Syntax)
{
    public static DockerfileHead Read(string path, string[] lines)
    {
        var head = new DockerfileHead(0, '\\', null);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var directive = Directive().Match(line);
            if (!directive.Success)
                break;

            head = head with { Lines = head.Lines + 1 };
            var (key, value) = (directive.Groups["key"].Value.ToLowerInvariant(), directive.Groups["value"].Value);
            if (key is "escape" or "syntax" && !seen.Add(key))
                throw Dockerfile.Wrong(path, head.Lines, $"a second {key} directive");
            if (key == "escape")
                head = value is "\\" or "`"
                    ? head with { Escape = value[0] }
                    : throw Dockerfile.Wrong(path, head.Lines, $"escape can be \\ or `, not {value}");
            else if (key == "syntax")
                head = head with { Syntax = new DockerfileSyntax(value.Split(' ')[0], head.Lines) };
        }

        return head;
    }

    /// <summary>The text without the syntax line, and every other line still where it was: a blank one in its place
    /// would end the directives, so it comes behind them.</summary>
    public string WithoutSyntax(string[] lines)
    {
        var rest = lines.ToList();
        rest.RemoveAt(Syntax!.Line - 1);
        rest.Insert(Lines - 1, "#");
        return string.Join('\n', rest);
    }

    [GeneratedRegex(@"\A#\s*(?<key>[A-Za-z][A-Za-z0-9]*)\s*=\s*(?<value>\S.*?)\s*\z")]
    private static partial Regex Directive();
}
