using System.Text.RegularExpressions;

namespace Builds.Gateway.Securing;

/// <summary>The grammar of what people call tokens, credentials and namespaces.</summary>
public static partial class Names
{
    public const string LabelWords =
        "1 to 100 letters, digits, dots, dashes, underscores, and not begin with a dot or dash";

    public const string NamespaceWords =
        "the first segment of a repository, in lower case, or _ for repositories without one";

    public static bool IsLabel(string text) => Label().IsMatch(text);

    public static bool IsNamespace(string text) => text == "_" || Segment().IsMatch(text);

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex Label();

    // One path component of the distribution specification.
    [GeneratedRegex(@"\A(?=.{1,128}\z)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*\z")]
    private static partial Regex Segment();
}
