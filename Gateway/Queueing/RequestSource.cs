using System.Text.RegularExpressions;
using Builds.Contracts;
using Builds.Worker.Sources;

namespace Builds.Gateway.Queueing;

/// <summary>What the source of a request must be like.</summary>
public static partial class RequestSource
{
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

    /// <summary>Its form alone: <see cref="Securing.GitAddresses"/> says which hosts may be asked.</summary>
    public static string? GitProblem(string git, bool allowFileUrls) =>
        GitUrl.TryParse(git, allowFileUrls, out _, out var refusal) ? null : $"source.git: {refusal}";

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

    [GeneratedRegex(@"\A(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")]
    private static partial Regex Secret();

    [GeneratedRegex(@"\A-|\A/|/\z|\.\z|\.\.|@\{|[\p{C}\s~^:?*\[\\]")]
    private static partial Regex RefDanger();

    [GeneratedRegex(@"\A([0-9a-fA-F]{40}|[0-9a-fA-F]{64})\z")]
    private static partial Regex CommitId();
}
