using System.Net;
using Builds.Worker.Building;
using Builds.Worker.Images.Sessions;
using Docker.DotNet;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Images;

/// <summary>Has the daemon build. The image gets no name here: on a daemon that others use too, nobody sees a half-made
/// tag, and two builds of one tag cannot take each other's result.</summary>
public sealed class ImageBuilder(IOptions<ImageOptions> options, TimeProvider clock)
{
    private const string Step = "build";

    /// <exception cref="BuildFailedException">The Dockerfile, its context or one of its commands is at
    /// fault.</exception>
    public async Task<BuiltImage> BuildAsync(
        DaemonEndpoint daemon, Bases bases, string commit, BuildLogStream log, CancellationToken cancel)
    {
        bases.Context.Check(options.Value);
        if (bases.BuildKit && DockerfileVariables.Unused(bases.Dockerfile, bases.Request) is { Count: > 0 } unused)
            await log.LineAsync(Step,
                $"[Warning] One or more build-args [{string.Join(' ', unused)}] were not consumed: " +
                "no ARG declares them", cancel);

        using var docker = daemon.Connect();
        var id = bases.BuildKit ? await BuildKitAsync(daemon, bases, commit, log, cancel)
            : await ClassicAsync(daemon, bases, commit, log, cancel);
        var image = await docker.Images.InspectImageAsync(id, cancel);
        await log.LineAsync(Step, $"built {image.ID}", cancel);
        return new BuiltImage(bases.Request, bases, image.ID, image.Size);
    }

    private async Task<string> BuildKitAsync(
        DaemonEndpoint daemon, Bases bases, string commit, BuildLogStream log, CancellationToken cancel)
    {
        using var pace = daemon.Tokens is { } tokens ? new Pace(tokens, clock) : null;
        var files = new SessionFiles(bases.Dockerfile, bases.Context);
        await using var session = await BuildSession.OpenAsync(daemon, files, cancel);
        var parameters = BuildParameters.Of(bases, files.DockerfileName, commit, clock.GetUtcNow()) with
        {
            Version = "2", Remote = "client-session", Session = session.Id,
        };
        return await SendAsync(daemon, parameters, null, pace, log, cancel);
    }

    private async Task<string> ClassicAsync(
        DaemonEndpoint daemon, Bases bases, string commit, BuildLogStream log, CancellationToken cancel)
    {
        using var tar = new ContextTar(bases.Context, bases.Dockerfile.Text);
        var parameters = BuildParameters.Of(bases, tar.Dockerfile, commit, clock.GetUtcNow());
        return await SendAsync(daemon, parameters, tar, null, log, cancel);
    }

    private async Task<string> SendAsync(
        DaemonEndpoint daemon, BuildParameters parameters, HttpContent? body, Pace? pace,
        BuildLogStream log, CancellationToken cancel)
    {
        using var http = daemon.Open();
        http.Timeout = Timeout.InfiniteTimeSpan;
        using var request = new HttpRequestMessage(HttpMethod.Post, parameters.Address) { Content = body };
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!answer.IsSuccessStatusCode)
                throw Refused(answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel));
            await using var messages = await answer.Content.ReadAsStreamAsync(cancel);
            return await new BuildFollower(daemon, log, clock).FollowAsync(messages, pace, cancel);
        }
        catch (Exception e) when (e is HttpRequestException or IOException and not DaemonFaultException)
        {
            throw new DaemonFaultException(
                $"The Docker daemon at {daemon.Address} was lost during the build: {e.Message}", e);
        }
    }

    private static Exception Refused(HttpStatusCode status, string body)
    {
        var refused = new DockerApiException(status, body);
        return status < HttpStatusCode.InternalServerError
            ? new BuildFailedException(
                $"The daemon refuses to build this: {DaemonMessage.Said(refused)}", inner: refused)
            : refused;
    }
}
