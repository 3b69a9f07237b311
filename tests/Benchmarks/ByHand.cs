using System.Diagnostics;
using System.Text;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>The same without the service: what somebody would type, or the daemon's API alone.</summary>
public sealed class ByHand(Stage stage)
{
    /// <summary><c>git clone --depth 1</c>, <c>docker build</c> (classic, see below), <c>docker push</c>.</summary>
    public async Task<double> BuildAndPushAsync(GitRepository repository, string image)
    {
        using var folder = new TempFolder("by-hand");
        var watch = Stopwatch.StartNew();
        await CloneAsync(repository, folder);
        await DockerAsync($"docker build --quiet --tag {image} {folder}/source && docker push --quiet {image}");
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>The classic builder through the daemon's API; what it answers is read and thrown away.</summary>
    public async Task<double> BuildByApiAsync(GitRepository repository)
    {
        using var folder = new TempFolder("by-hand");
        var watch = Stopwatch.StartNew();
        await CloneAsync(repository, folder);
        await Command.RunAsync("tar", "--create", "--file", folder + "/context.tar", "--directory", folder + "/source", ".");
        await using var context = File.OpenRead(folder + "/context.tar");
        using var request = new HttpRequestMessage(HttpMethod.Post, "build");
        request.Content = new StreamContent(context);
        using var answer = await stage.Daemon.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await ThrowAwayAsync(await answer.Content.ReadAsStreamAsync());
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary><c>docker build</c> with all lines printed.</summary>
    public async Task<double> BuildClassicAsync(GitRepository repository)
    {
        using var folder = new TempFolder("by-hand");
        var watch = Stopwatch.StartNew();
        await CloneAsync(repository, folder);
        await DockerAsync($"docker build {folder}/source | cat >/dev/null");
        return watch.Elapsed.TotalSeconds;
    }

    // A build that failed answers 200 too, and says so at the end of what it prints.
    private static async Task ThrowAwayAsync(Stream output)
    {
        var buffer = new byte[1 << 16];
        while (await output.ReadAsync(buffer) is var read and > 0)
        {
            if (buffer.AsSpan(0, read).IndexOf("\"errorDetail\""u8) is var at and >= 0)
                throw new PartException($"the build by hand failed: {Encoding.UTF8.GetString(buffer, at, read - at)}");
        }
    }

    private Task<string> CloneAsync(GitRepository repository, TempFolder folder) =>
        Command.RunAsync(
            "git", "clone", "--quiet", "--depth", "1", stage.Git.UrlOf(repository).ToString(), folder + "/source");

    private Task<string> DockerAsync(string script) =>
        Command.RunAsync("bash", ["-o", "pipefail", "-c", script], input: null, new Dictionary<string, string>
        {
            ["DOCKER_HOST"] = stage.Daemon.Socket.ToString(),
            ["DOCKER_BUILDKIT"] = "0", // Debian's docker has no buildx, without which it cannot use BuildKit
        });
}
