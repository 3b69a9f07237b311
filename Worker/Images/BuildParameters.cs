using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;

namespace Builds.Worker.Images;

/// <summary>What the daemon is asked for (Docker Engine API, "Build an image"); the labels are those of the OCI image
/// specification.</summary>
internal sealed partial record BuildParameters(
    string? Target, string? Platform, bool NoCache, IReadOnlyDictionary<string, string>? BuildArgs,
    IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Id of the build that made an image: a further attempt knows by it what an earlier one pushed.</summary>
    public const string BuildLabel = "builds.build";

    private const string Label = "org.opencontainers.image.";

    /// <summary>"2" is BuildKit.</summary>
    public string Version { get; init; } = "1";

    /// <summary>Where it finds the context, if it is not the body of the request.</summary>
    public string? Remote { get; init; }

    public string? Session { get; init; }

    /// <summary>Path in the context, or what it is called in a session.</summary>
    public required string Dockerfile { get; init; }

    public Uri Address => new(QueryHelpers.AddQueryString("build", new Dictionary<string, string?>
    {
        ["version"] = Version,
        ["remote"] = Remote,
        ["session"] = Session,
        ["dockerfile"] = Dockerfile,
        ["target"] = Target,
        ["platform"] = Platform,
        ["nocache"] = NoCache ? "1" : null,
        ["rm"] = "1",
        ["buildargs"] = BuildArgs is null ? null : JsonSerializer.Serialize(BuildArgs),
        ["labels"] = JsonSerializer.Serialize(Labels),
    }), UriKind.Relative);

    public static BuildParameters Of(Bases bases, string dockerfile, string commit, DateTimeOffset now) =>
        new(bases.Request.Target, bases.Request.Platform, bases.Request.NoCache is true, bases.Request.BuildArgs,
            LabelsOf(bases, commit, now)) { Dockerfile = dockerfile };

    /// <summary>Ours win: later versions of the graph take them as evidence.</summary>
    private static Dictionary<string, string> LabelsOf(Bases bases, string commit, DateTimeOffset now)
    {
        var labels = bases.Request.Labels?.ToDictionary() ?? [];
        labels[BuildLabel] = $"{bases.Request.BuildId}";
        labels[Label + "revision"] = commit;
        labels[Label + "source"] = UserInfo().Replace(bases.Request.Source.Git, "");
        labels[Label + "created"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (bases.Final is { } final)
        {
            labels[Label + "base.name"] = final.Reference;
            labels[Label + "base.digest"] = final.Digest;
        }

        return labels;
    }

    [GeneratedRegex(@"(?<=\A[A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")]
    private static partial Regex UserInfo();
}
