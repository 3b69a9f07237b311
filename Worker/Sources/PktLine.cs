using System.Globalization;
using System.Text;

namespace Builds.Worker.Sources;

/// <summary>git's packet lines: four hexadecimal digits of length, then the content (gitprotocol-common).</summary>
internal static class PktLine
{
    public const string Flush = "0000";
    public const int MaxLength = 65520;

    public static string Of(string content) =>
        (content.Length + 4).ToString("x4", CultureInfo.InvariantCulture) + content;

    /// <summary>The content's length, or -1 for a flush.</summary>
    public static int Read(Stream from, byte[] into)
    {
        Span<byte> head = stackalloc byte[4];
        from.ReadExactly(head);
        if (!int.TryParse(head, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length)
            || length is (> 0 and < 4) or > MaxLength)
            throw new GitProtocolException($"a line begins with \"{GitText.Shown(Encoding.Latin1.GetString(head))}\"");
        if (length == 0)
            return -1;
        from.ReadExactly(into, 0, length - 4);
        return length - 4;
    }

    /// <summary>A line of text without its line end; null for a flush.</summary>
    public static string? ReadText(Stream from, byte[] buffer)
    {
        var length = Read(from, buffer);
        if (length < 0)
            return null;
        var text = Encoding.UTF8.GetString(buffer, 0, length).TrimEnd('\n');
        return text.StartsWith("ERR ", StringComparison.Ordinal) ? throw new GitRefusedException(text[4..]) : text;
    }
}

/// <summary>Whatever answered, it does not speak git.</summary>
internal sealed class GitProtocolException(string what) : Exception(what);

/// <summary>The git server answered with an error of its own.</summary>
internal sealed class GitRefusedException(string message) : Exception(message);

/// <summary>Trouble on the way that may be over in a second.</summary>
/// <param name="oursToMend">The worker's own network or name service is at fault, and not what was asked for.</param>
internal sealed class GitUnreachableException(string sentence, bool oursToMend = false, bool isLasting = false)
    : Exception(sentence)
{
    public bool OursToMend { get; } = oursToMend;

    /// <summary>It is no matter of seconds: trying again at once would only make the build wait.</summary>
    public bool IsLasting { get; } = isLasting;
}
