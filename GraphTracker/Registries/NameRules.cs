using System.Text.RegularExpressions;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// The grammar of names (distribution specification). They come from images that anybody may have pushed and become
/// parts of URLs: what is no name must not lead to another path or host.
/// </summary>
internal static partial class NameRules
{
    private const int LongestRepository = 255;

    public static bool IsHost(string text) => Host().IsMatch(text);

    public static bool IsRepository(string text) => text.Length <= LongestRepository && Repository().IsMatch(text);

    public static bool IsTag(string text) => Tag().IsMatch(text);

    /// <summary>Of those that can be computed here: another one could not be checked.</summary>
    public static bool IsDigest(string text) => Digest().IsMatch(text);

    [GeneratedRegex(@"\A(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Host();

    [GeneratedRegex(@"\A[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\A(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\z")]
    private static partial Regex Digest();
}
