using Docker.DotNet;

namespace Builds.Worker.Images;

/// <summary>Which builder of a daemon is used, and what the daemon runs on.</summary>
internal sealed record DaemonBuilder(Platform Platform, bool IsBuildKit)
{
    /// <summary>The first that has BuildKit without further settings (Docker 18.09).</summary>
    private static readonly Version FirstApi = new(1, 39);

    public static async Task<DaemonBuilder> OfAsync(
        DaemonEndpoint daemon, DockerClient docker, BuilderChoice choice, CancellationToken cancel)
    {
        var version = await docker.System.GetVersionAsync(cancel);
        var isBuildKit = choice switch
        {
            BuilderChoice.BuildKit => true,
            BuilderChoice.Classic => false,
            _ => version.Os == "linux" && Version.TryParse(version.APIVersion, out var api) && api >= FirstApi
                && await PreferredAsync(daemon, cancel) != "1",
        };
        return new DaemonBuilder(Platform.Of(version.Os, version.Arch, null), isBuildKit);
    }

    /// <summary>"1" classic, "2" BuildKit; null where the daemon leaves the choice to us, as it did before Docker
    /// 23.</summary>
    private static async Task<string?> PreferredAsync(DaemonEndpoint daemon, CancellationToken cancel)
    {
        using var http = daemon.Open();
        using var answer = await http.GetAsync(new Uri("_ping", UriKind.Relative), cancel);
        return answer.Headers.TryGetValues("Builder-Version", out var values) ? values.FirstOrDefault() : null;
    }
}
