using System.Text;

namespace Builds.Worker.Images;

/// <summary>Replaces <c>$X</c>, <c>${X}</c>, <c>${X:-y}</c>, <c>${X:+y}</c> and <c>${X:?y}</c> (each also without the
/// colon) and takes quotes and escapes away, as a Dockerfile's words are read.</summary>
public static class DockerfileWords
{
    /// <exception cref="FormatException">With the reason, for the author.</exception>
    public static string Expand(string word, char escape, Func<string, string?> variable)
    {
        var at = 0;
        return Expand(word, ref at, end: '\0', escape, variable);
    }

    private static string Expand(string word, ref int at, char end, char escape, Func<string, string?> variable)
    {
        var text = new StringBuilder();
        var quoted = false;
        for (; at < word.Length && (quoted || word[at] != end); at++)
        {
            if (word[at] == escape)
            {
                // Inside double quotes an escape stands for itself before anything that needs none.
                if (quoted && !(at + 1 < word.Length && (word[at + 1] is '"' or '$' || word[at + 1] == escape)))
                    text.Append(escape);
                else if (++at < word.Length)
                    text.Append(word[at]);
            }
            else if (word[at] == '"')
                quoted = !quoted;
            else if (word[at] == '\'' && !quoted)
                text.Append(Quoted(word, ref at));
            else if (word[at] == '$')
                text.Append(Variable(word, ref at, escape, variable));
            else
                text.Append(word[at]);
        }

        return quoted ? throw new FormatException($"a \" is not closed in {word}") : text.ToString();
    }

    private static string Quoted(string word, ref int at)
    {
        var close = word.IndexOf('\'', at + 1);
        if (close < 0)
            throw new FormatException($"a ' is not closed in {word}");
        var text = word[(at + 1)..close];
        at = close;
        return text;
    }

    /// <summary>From the dollar to the last character that belongs to it.</summary>
    private static string Variable(string word, ref int at, char escape, Func<string, string?> variable)
    {
        var braced = at + 1 < word.Length && word[at + 1] == '{';
        var start = at + (braced ? 2 : 1);
        var next = start;
        while (next < word.Length && (char.IsAsciiLetterOrDigit(word[next]) || word[next] == '_'))
            next++;
        var name = word[start..next];
        if (name.Length == 0 && !braced)
            return "$";

        var value = variable(name);
        at = next - 1;
        if (!braced)
            return value ?? "";

        if (name.Length == 0 || next >= word.Length)
            throw new FormatException($"{word} is not a variable that can be read");
        at = next;
        if (word[at] == '}')
            return value ?? "";

        var emptyCounts = word[at] == ':';
        if (emptyCounts)
            at++;
        var kind = at < word.Length ? word[at++] : '\0';
        var other = Expand(word, ref at, '}', escape, variable);
        if (at >= word.Length)
            throw new FormatException($"a }} is missing in {word}");
        var isThere = value is not null && !(emptyCounts && value.Length == 0);
        return kind switch
        {
            '-' => isThere ? value! : other,
            '+' => isThere ? other : "",
            '?' => isThere ? value! : throw new FormatException($"{name}: {(other.Length > 0 ? other : "is not set")}"),
            _ => throw new FormatException($"{word} has a modifier that cannot be used where an image is named"),
        };
    }
}
