using Docker.DotNet;

namespace Builds.Worker.Images;

/// <summary>Which builder of a daemon is used, and what the daemon runs on.</summary>
internal sealed record DaemonBuilder(Platform Platform, bool IsBuildKit)
{
    /// <summary>The first that has BuildKit without further settings (Docker 18.09).</summary>
    private static readonly Version FirstApi = new(1, 39);

    public static async Task<DaemonBuilder> OfAsync(DockerClient docker, BuilderChoice choice, CancellationToken cancel)
    {
        var version = await docker.System.GetVersionAsync(cancel);
        var isBuildKit = choice switch
        {
            BuilderChoice.BuildKit => true,
            BuilderChoice.Classic => false,
            _ => version.Os == "linux" && Version.TryParse(version.APIVersion, out var api) && api >= FirstApi,
        };
        return new DaemonBuilder(Platform.Of(version.Os, version.Arch, null), isBuildKit);
    }
}
