using System.Security.Cryptography;
using System.Text.Json;
using Builds.Contracts;

namespace Builds.Gateway.Queueing;

/// <summary>When two requests ask for the same thing.</summary>
public static class Likeness
{
    /// <summary>
    /// Equal where building the newer one makes the older one needless: the same image, tags, repository and ref, built
    /// in the same way. The commit is left out: the newer one's is what the tags are to end with. So is what it is to
    /// replace: that says whether it is pushed, and not what is built.
    /// </summary>
    public static string Of(BuildRequested request) => Hash(
        request.Image.Registry,
        request.Image.Repository,
        request.Tags.Distinct().Order(StringComparer.Ordinal),
        request.Source with { Commit = null },
        Ordered(request.BuildArgs),
        request.Target,
        request.Platform,
        Ordered(request.Labels),
        request.NoCache ?? false,
        request.TimeoutSeconds);

    /// <summary>Under one id all that a worker would build by must be the same, or somebody borrows that id.</summary>
    public static bool IsSameBuild(BuildRequested one, BuildRequested other) =>
        Of(one) == Of(other) && one.Source.Commit == other.Source.Commit && one.Replaces == other.Replaces;

    /// <summary>A cascade or a retry that names its commit repeats what was built before.</summary>
    public static bool Repeats(BuildRequested request) =>
        request.Source.Commit is not null && request.Cause?.Kind is BuildCauseKind.Cascade or BuildCauseKind.Retry;

    private static IEnumerable<KeyValuePair<string, string>>? Ordered(IReadOnlyDictionary<string, string>? pairs) =>
        pairs?.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    private static string Hash(params object?[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts, BuildQueue.Json)));
}
