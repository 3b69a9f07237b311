using System.Text.RegularExpressions;
using Builds.Contracts;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Queueing;

/// <summary>
/// What a request must be like, whoever sends it: names as the OCI distribution specification has them, refs as
/// git check-ref-format, and nothing that another program could take for an option.
/// </summary>
public sealed partial class RequestRules(IOptions<RequestOptions> options)
{
    private const int MostTags = 32;
    private const int MostPairs = 256;
    private const int MostSealedCharacters = 65_536;

    /// <returns>The first thing that is wrong, beginning with the name of its field; null where all is well.</returns>
    public string? Problem(BuildRequested request) =>
        IdProblem(request.BuildId)
        ?? ImageProblem(request.Image)
        ?? TagsProblem(request.Tags)
        ?? RequestSource.Problem(request.Source, options.Value.AllowFileUrls)
        ?? PairsProblem("buildArgs", request.BuildArgs, BuildArgName(), options.Value.MostBuildArgCharacters)
        ?? TargetProblem(request.Target)
        ?? PlatformProblem(request.Platform)
        ?? PairsProblem("labels", request.Labels, LabelName(), options.Value.MostLabelCharacters)
        ?? TimeoutProblem(request.TimeoutSeconds)
        ?? CredentialsProblem(request.Credentials)
        ?? CauseProblem(request.Cause)
        ?? ReplacesProblem(request.Replaces);

    public static string? ImageProblem(ImageReference image)
    {
        if (image.Registry is { } registry && (registry.Length > 255 || !RegistryName().IsMatch(registry)))
            return "image.registry: must be host[:port] in lower case as it is written in a Dockerfile, "
                + "with a dot or a port in it.";
        return image.Repository.Length <= 255 && RepositoryName().IsMatch(image.Repository)
            ? null
            : "image.repository: must be lower case letters and digits, separated by '/', '.', '_' or '-', "
                + "of at most 255 characters, for example team/api.";
    }

    public static string? TagsProblem(IReadOnlyList<string> tags)
    {
        if (tags.Count is 0 or > MostTags)
            return $"tags: there must be 1 to {MostTags}.";
        var wrong = tags.TakeWhile(tag => tag is not null && TagName().IsMatch(tag)).Count();
        return wrong == tags.Count
            ? null
            : $"tags[{wrong}]: must be letters, digits, '_', '.' or '-', not begin with '.' or '-', "
                + "and be at most 128 characters long.";
    }

    public static string? TargetProblem(string? target) => target is null || StageName().IsMatch(target)
        ? null
        : "target: must be the name of a stage: letters, digits, '_', '.' or '-', at most 128 characters.";

    public static string? PlatformProblem(string? platform) => platform is null || PlatformName().IsMatch(platform)
        ? null
        : "platform: must be os/arch or os/arch/variant, for example linux/arm64.";

    private static string? IdProblem(Guid id) =>
        id == Guid.Empty ? "buildId: must be a UUID of your own making, not all zeros." : null;

    private static string? TimeoutProblem(int? seconds) =>
        seconds is <= 0 ? "timeoutSeconds: must be more than 0; leave it out for the worker's limit." : null;

    private static string? PairsProblem(
        string field, IReadOnlyDictionary<string, string>? pairs, Regex name, int mostCharacters)
    {
        if (pairs is null)
            return null;
        if (pairs.Count > MostPairs)
            return $"{field}: there may be at most {MostPairs}.";
        if (pairs.Sum(pair => (long)pair.Key.Length + (pair.Value?.Length ?? 0)) > mostCharacters)
            return $"{field}: all together may have at most {mostCharacters} characters; "
                + "put what is large into the source.";
        if (pairs.Keys.FirstOrDefault(key => !name.IsMatch(key)) is { } wrong)
            return $"{field}: '{Shown(wrong)}' is not a name that it may have.";
        var bad = pairs.FirstOrDefault(pair => pair.Value is null || pair.Value.Contains('\0'));
        return bad.Key is null ? null : $"{field}.{bad.Key}: must be a text without NUL.";
    }

    private static string? CredentialsProblem(SealedCredentials? credentials)
    {
        if (credentials is null)
            return null;
        if (credentials.Git is { } git && !IsSealed(git))
            return "credentials.git: must be a JWE in compact form (RFC 7516), sealed to a key of /v1/keys.";
        if (credentials.Registries is not { } registries)
            return null;
        if (registries.Count > MostTags)
            return $"credentials.registries: there may be at most {MostTags}.";
        return registries.All(pair => RegistryName().IsMatch(pair.Key) && IsSealed(pair.Value))
            ? null
            : "credentials.registries: must be JWEs in compact form (RFC 7516) by host[:port] of their registry.";
    }

    private static bool IsSealed(string? text) => text?.Length <= MostSealedCharacters && Jwe().IsMatch(text);

    private static string? CauseProblem(BuildCause? cause)
    {
        string?[] texts = [cause?.Actor, cause?.Base, cause?.OldDigest, cause?.NewDigest, cause?.Evidence];
        return texts.Any(text => text?.Length > 1024) ? "cause: each text may have at most 1024 characters." : null;
    }

    private static string? ReplacesProblem(string? replaces) => replaces is null || Digest().IsMatch(replaces)
        ? null
        : "replaces: must be the digest that the tags have now, sha256:…; leave it out to push whatever is there.";

    private static string Shown(string text) =>
        new([.. text.Take(64).Select(c => char.IsControl(c) ? '?' : c)]);

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z")]
    private static partial Regex Digest();

    // Without a dot or a port Docker takes it for a namespace of docker.io.
    [GeneratedRegex(
        @"\A(?=.*[.:]|localhost\z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?\z")]
    private static partial Regex RegistryName();

    [GeneratedRegex(@"\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex RepositoryName();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\z")]
    private static partial Regex TagName();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,255}\z")]
    private static partial Regex BuildArgName();

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._/-]{0,254}[A-Za-z0-9])?\z")]
    private static partial Regex LabelName();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex StageName();

    [GeneratedRegex(@"\A[a-z0-9]{1,32}/[a-z0-9_]{1,32}(/[a-z0-9.]{1,16})?\z")]
    private static partial Regex PlatformName();

    [GeneratedRegex(@"\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+){3}\z")]
    private static partial Regex Jwe();
}
