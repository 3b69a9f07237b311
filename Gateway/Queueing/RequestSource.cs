using System.Text.RegularExpressions;
using Builds.Contracts;

namespace Builds.Gateway.Queueing;

/// <summary>What the source of a request must be like.</summary>
public static partial class RequestSource
{
    private const int LongestUrl = 2048;
    private const int LongestRef = 250;
    private const int LongestPath = 1024;

    public static string? Problem(GitSource source, bool allowFileUrls) =>
        GitProblem(source.Git, allowFileUrls)
        ?? RefProblem(source.Ref)
        ?? (source.Commit is null || CommitId().IsMatch(source.Commit)
            ? null
            : "source.commit: must be a full commit id of 40 or 64 hexadecimal digits.")
        ?? PathProblem("source.dockerfile", source.Dockerfile)
        ?? PathProblem("source.context", source.Context);

    /// <summary>Its form alone. Which hosts may be asked is decided where the host is known.</summary>
    public static string? GitProblem(string git, bool allowFileUrls)
    {
        if (git.Length > LongestUrl)
            return $"source.git: may have at most {LongestUrl} characters.";
        if (UserInfo().IsMatch(git))
            return "source.git: must not hold a password or token; store it under /v1/credentials "
                + "and name it in the definition.";
        if (FileUrl().IsMatch(git))
            return allowFileUrls
                ? null
                : "source.git: file:// is not allowed here (setting Requests:AllowFileUrls); use https or ssh.";
        return WebUrl().IsMatch(git) || SshUrl().IsMatch(git) || ScpForm().IsMatch(git)
            ? null
            : "source.git: must be an https, http or ssh URL, or user@host:path, without blanks, '\\', '?' or '#'.";
    }

    /// <summary>git check-ref-format --allow-onelevel, and no leading '-'. A full commit id passes too.</summary>
    public static string? RefProblem(string name) =>
        name.Length is > 0 and <= LongestRef
        && name is not "@"
        && !RefDanger().IsMatch(name)
        && name.Split('/').All(IsRefPart)
            ? null
            : "source.ref: must be the name of a branch or tag, or a full commit id, as git check-ref-format has it, "
                + $"of at most {LongestRef} characters.";

    private static bool IsRefPart(string part) =>
        part.Length > 0 && part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal);

    public static string? PathProblem(string field, string? path) =>
        path is null
        || (path.Length is > 0 and <= LongestPath
            && path[0] != '/'
            && !path.Any(c => char.IsControl(c) || c == '\\')
            && !path.Split('/').Contains(".."))
            ? null
            : $"{field}: must be a path inside the repository, relative to its root, without '..' and '\\', "
                + $"of at most {LongestPath} characters.";

    /// <summary>For records and answers about a URL that was refused for what it holds.</summary>
    public static string WithoutSecrets(string git) => Secret().Replace(git, "${scheme}");

    [GeneratedRegex(@"\A(?i:https?)://" + Host + Port + @"(/[^\s\p{C}\\?#]*)?\z")]
    private static partial Regex WebUrl();

    [GeneratedRegex(@"\A(?i:ssh)://(" + User + "@)?" + Host + Port + @"/[^\s\p{C}\\?#]+\z")]
    private static partial Regex SshUrl();

    [GeneratedRegex(@"\A" + User + "@" + Host + @":(?![-:])[^\s\p{C}\\?#]+\z")]
    private static partial Regex ScpForm();

    [GeneratedRegex(@"\A(?i:file):///[^\s\p{C}\\?#]+\z")]
    private static partial Regex FileUrl();

    [GeneratedRegex(@"\A(?i:https?)://[^/?#]*@|\A(?i:ssh)://[^/?#@]*:[^/?#]*@")]
    private static partial Regex UserInfo();

    [GeneratedRegex(@"\A(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")]
    private static partial Regex Secret();

    [GeneratedRegex(@"\A-|\A/|/\z|\.\z|\.\.|@\{|[\p{C}\s~^:?*\[\\]")]
    private static partial Regex RefDanger();

    [GeneratedRegex(@"\A([0-9a-fA-F]{40}|[0-9a-fA-F]{64})\z")]
    private static partial Regex CommitId();

    private const string User = @"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}";
    private const string Host = @"([A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])";
    private const string Port = @"(:[0-9]{1,5})?";
}
