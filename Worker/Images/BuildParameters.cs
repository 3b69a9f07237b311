using System.Globalization;
using System.Text.RegularExpressions;
using Docker.DotNet.Models;

namespace Builds.Worker.Images;

/// <summary>What the daemon is asked for; the labels are those of the OCI image specification.</summary>
internal static partial class BuildParameters
{
    private const string Label = "org.opencontainers.image.";

    public static ImageBuildParameters Of(Bases bases, string commit, DateTimeOffset now) => new()
    {
        Version = bases.BuildKit ? "2" : "1",
        Dockerfile = bases.Context.Dockerfile,
        BuildArgs = bases.Request.BuildArgs?.ToDictionary(),
        Target = bases.Request.Target,
        Platform = bases.Request.Platform,
        NoCache = bases.Request.NoCache,
        Labels = Labels(bases, commit, now),
        Remove = true,
    };

    /// <summary>Ours win: later versions of the graph take them as evidence.</summary>
    private static Dictionary<string, string> Labels(Bases bases, string commit, DateTimeOffset now)
    {
        var labels = bases.Request.Labels?.ToDictionary() ?? [];
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
