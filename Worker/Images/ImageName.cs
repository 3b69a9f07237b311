using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Builds.Worker.Images;

/// <summary>An image as a Dockerfile names it, in full: <c>debian</c> is <c>docker.io/library/debian:latest</c>
/// (the reference grammar of the distribution project).</summary>
public sealed partial record ImageName(string Registry, string Repository, string? Tag, string? Digest)
{
    public const string DockerHub = "docker.io";

    /// <summary>Registry and repository, without tag and digest.</summary>
    public string Name => $"{Registry}/{Repository}";

    public string At(string digest) => $"{Name}@{digest}";

    /// <summary>What the tag or, where none is written, the digest selects.</summary>
    public override string ToString() => Tag is null ? At(Digest!) : $"{Name}:{Tag}";

    public static bool TryParse(string text, [NotNullWhen(true)] out ImageName? name)
    {
        name = null;
        var match = Grammar().Match(text);
        if (!match.Success)
            return false;

        var path = match.Groups["name"].Value;
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : path[..slash];
        var hasRegistry = first is "localhost" || first.AsSpan().ContainsAny(".:[")
            || first.Any(char.IsAsciiLetterUpper);
        var registry = hasRegistry ? first : DockerHub;
        var repository = hasRegistry ? path[(slash + 1)..] : path;
        if (registry is "index.docker.io" or "registry-1.docker.io")
            registry = DockerHub;
        if (registry == DockerHub && !repository.Contains('/', StringComparison.Ordinal))
            repository = "library/" + repository;
        if (repository.Length > 255 || !Host().IsMatch(registry) || !Path().IsMatch(repository))
            return false;

        var digest = match.Groups["digest"] is { Success: true, Value: var written } ? written : null;
        var tag = match.Groups["tag"] is { Success: true, Value: var given } ? given : null;
        name = new ImageName(registry, repository, tag ?? (digest is null ? "latest" : null), digest);
        return true;
    }

    [GeneratedRegex(
        @"\A(?<name>[^@\s]+?)(:(?<tag>\w[\w.-]{0,127}))?(@(?<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?\z",
        RegexOptions.ECMAScript)]
    private static partial Regex Grammar();

    [GeneratedRegex(
        @"\A([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*" +
        @"|\[[0-9A-Fa-f:]+\])(:[0-9]+)?\z")]
    private static partial Regex Host();

    [GeneratedRegex(@"\A[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Path();
}
