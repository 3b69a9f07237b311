using System.Text;
using System.Text.RegularExpressions;

namespace Builds.Worker.Images;

/// <summary>One instruction: continuation lines joined, comments and here-documents left out.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Keyword">Upper case.</param>
/// <param name="Flags">The <c>--…</c> words, without quotes.</param>
public sealed record Instruction(int Line, string Keyword, IReadOnlyList<string> Flags, string Arguments);

/// <summary>Cuts the text of a Dockerfile into instructions, as BuildKit's parser does.</summary>
internal static partial class DockerfileLines
{
    public static IEnumerable<Instruction> Read(string[] lines, int first, char escape,
        Func<int, string, Exception> wrong)
    {
        for (var at = first; at < lines.Length; at++)
        {
            if (IsSkipped(lines[at]))
                continue;

            var line = at + 1;
            var text = new StringBuilder();
            while (Continues(lines[at], escape, out var part))
            {
                text.Append(part);
                do
                    at++;
                while (at < lines.Length && IsSkipped(lines[at]));
                if (at == lines.Length)
                    break;
            }

            if (at < lines.Length)
                text.Append(lines[at]);
            var instruction = Instruct(line, text.ToString().Trim(), escape);
            foreach (var (name, stripped) in HereDocuments(instruction, escape))
            {
                do
                    at++;
                while (at < lines.Length && (stripped ? lines[at].TrimStart('\t') : lines[at]) != name);
                if (at >= lines.Length)
                    throw wrong(line,
                        $"the here-document <<{name} has no end: a line with nothing but {name} is missing");
            }

            yield return instruction;
        }
    }

    /// <summary>Cut at blanks outside quotes; quotes and escapes stay in.</summary>
    public static IEnumerable<string> Words(string text, char escape)
    {
        var word = new StringBuilder();
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (word.Length > 0)
                    yield return word.ToString();
                word.Clear();
                continue;
            }

            word.Append(c);
            if (c == escape && quote != '\'' && i + 1 < text.Length)
                word.Append(text[++i]);
            else if (quote == '\0' && c is '"' or '\'')
                quote = quote == '\0' ? c : quote;
            else if (c == quote)
                quote = '\0';
        }

        if (word.Length > 0)
            yield return word.ToString();
    }

    private static Instruction Instruct(int line, string text, char escape)
    {
        var (keyword, rest) = Cut(text);
        var flags = new List<string>();
        while (rest.StartsWith("--", StringComparison.Ordinal))
        {
            var word = Words(rest, escape).First();
            rest = rest[word.Length..].TrimStart();
            if (word == "--")
                break;
            flags.Add(Unquote(word, escape));
        }

        return new Instruction(line, keyword.ToUpperInvariant(), flags, rest);
    }

    private static IEnumerable<(string Name, bool Stripped)> HereDocuments(Instruction instruction, char escape)
    {
        var (keyword, arguments) = (instruction.Keyword, instruction.Arguments);
        if (keyword == "ONBUILD")
            (keyword, arguments) = Cut(arguments);
        if (keyword.ToUpperInvariant() is not ("RUN" or "COPY" or "ADD"))
            return [];
        return from word in Words(arguments, escape)
               let match = HereDocument().Match(word)
               where match.Success
               select (Unquote(match.Groups["name"].Value, escape), match.Groups["strip"].Length > 0);
    }

    private static string Unquote(string word, char escape)
    {
        var plain = new StringBuilder();
        var quote = '\0';
        for (var i = 0; i < word.Length; i++)
        {
            if (word[i] == escape && quote != '\'' && i + 1 < word.Length)
                plain.Append(word[++i]);
            else if (quote == '\0' && word[i] is '"' or '\'')
                quote = word[i];
            else if (word[i] == quote)
                quote = '\0';
            else
                plain.Append(word[i]);
        }

        return plain.ToString();
    }

    private static (string First, string Others) Cut(string text)
    {
        var end = text.AsSpan().IndexOfAny(" \t");
        return end < 0 ? (text, "") : (text[..end], text[end..].TrimStart());
    }

    private static bool IsSkipped(string line) => line.TrimStart() is "" or ['#', ..];

    private static bool Continues(string line, char escape, out string part)
    {
        var text = line.TrimEnd(' ', '\t');
        var continues = text.EndsWith(escape) && !(text.Length > 1 && text[^2] == escape);
        part = continues ? text[..^1] : line;
        return continues;
    }

    [GeneratedRegex("""\A\d*<<(?<strip>-?)(?<name>[^<]+)\z""")]
    private static partial Regex HereDocument();
}
