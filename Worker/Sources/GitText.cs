using System.Text.RegularExpressions;

namespace Builds.Worker.Sources;

/// <summary>Texts from outside, on their way into a sentence; and what a ref or a commit may look like.</summary>
internal static partial class GitText
{
    /// <summary>Short and on one line.</summary>
    public static string Shown(string text, int most = 200)
    {
        var clean = string.Concat(text.Trim().Select(each => char.IsControl(each) ? ' ' : each));
        return clean.Length <= most ? clean : clean[..most] + "…";
    }

    public static bool IsOutOfMemory(Exception fault) =>
        fault is OutOfMemoryException || fault.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase);

    /// <summary>It says something about the repository, and not about this machine.</summary>
    public static bool IsItsOwn(Exception fault) =>
        !IsOutOfMemory(fault) && !fault.Message.Contains("No space left", StringComparison.Ordinal);

    public static bool IsCommit(string text) => Commit().IsMatch(text);

    public static bool IsRef(string text) => text.Length <= 250 && Ref().IsMatch(text);

    public static string Size(long bytes) => bytes switch
    {
        >= 10L << 30 => $"{bytes >> 30} GiB",
        >= 10L << 20 => $"{bytes >> 20} MiB",
        >= 10L << 10 => $"{bytes >> 10} KiB",
        _ => $"{bytes} bytes",
    };

    [GeneratedRegex(@"\A[0-9a-fA-F]{40}\z")]
    private static partial Regex Commit();

    /// <summary>git-check-ref-format, short of what a server's list of refs tells anyway.</summary>
    [GeneratedRegex(
        @"\A(?![-/.])(?!.*(\.\.|//|@\{|/\.))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Ref();
}
