using System.Diagnostics;
using System.Formats.Tar;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>The same without the service: what somebody would type, or the daemon's API alone.</summary>
public sealed class ByHand(Stage stage)
{
    /// <summary><c>git clone --depth 1</c>, <c>docker build</c> by BuildKit, <c>docker push</c>.</summary>
    public async Task<double> BuildAndPushAsync(GitRepository repository, string image)
    {
        using var folder = new TempFolder("by-hand");
        var watch = Stopwatch.StartNew();
        await CloneAsync(repository, folder);
        await DockerAsync($"DOCKER_BUILDKIT=1 docker build --quiet --tag {image} {folder}/source && docker push --quiet {image}");
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>BuildKit through the daemon's API; what it answers is read and thrown away.</summary>
    public async Task<double> BuildByApiAsync(GitRepository repository)
    {
        using var folder = new TempFolder("by-hand");
        var watch = Stopwatch.StartNew();
        await CloneAsync(repository, folder);
        using var context = new MemoryStream();
        await TarFile.CreateFromDirectoryAsync(folder.FullPath + "/source", context, includeBaseDirectory: false);
        context.Position = 0;
        using var request = new HttpRequestMessage(HttpMethod.Post, "build?version=2");
        request.Content = new StreamContent(context);
        using var answer = await stage.Daemon.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await (await answer.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null);
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary><c>docker build</c> as it is by default in Docker 20.10: the classic builder, all lines printed.</summary>
    public async Task<double> BuildClassicAsync(GitRepository repository)
    {
        using var folder = new TempFolder("by-hand");
        var watch = Stopwatch.StartNew();
        await CloneAsync(repository, folder);
        await DockerAsync($"DOCKER_BUILDKIT=0 docker build {folder}/source | cat >/dev/null");
        return watch.Elapsed.TotalSeconds;
    }

    private Task<string> CloneAsync(GitRepository repository, TempFolder folder) =>
        Command.RunAsync(
            "git", "clone", "--quiet", "--depth", "1", stage.Git.UrlOf(repository).ToString(), folder + "/source");

    private Task<string> DockerAsync(string script) =>
        Command.RunAsync("bash", ["-o", "pipefail", "-c", script], input: null, new Dictionary<string, string>
        {
            ["DOCKER_HOST"] = stage.Daemon.Socket.ToString(),
        });
}
