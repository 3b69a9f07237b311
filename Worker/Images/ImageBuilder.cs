using System.IO.Pipelines;
using Builds.Worker.Building;
using Docker.DotNet;
using Docker.DotNet.Models;
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
        if (bases.BuildKit && DockerfileVariables.Unused(bases.Dockerfile, bases.Request) is { Count: > 0 } unused)
            await log.LineAsync(Step,
                $"[Warning] One or more build-args [{string.Join(' ', unused)}] were not consumed: " +
                "no ARG declares them", cancel);

        using var docker = daemon.Connect();
        var parameters = BuildParameters.Of(bases, commit, clock.GetUtcNow());
        var id = await SendAsync(docker, daemon, bases, parameters, log, cancel);
        var image = await docker.Images.InspectImageAsync(id, cancel);
        await log.LineAsync(Step, $"built {image.ID}", cancel);
        return new BuiltImage(bases.Request, bases, image.ID, image.Size);
    }

    private async Task<string> SendAsync(
        DockerClient docker, DaemonEndpoint daemon, Bases bases, ImageBuildParameters parameters, BuildLogStream log,
        CancellationToken cancel)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var canPace = bases.BuildKit && daemon.Tokens is not null;
        using var pace = canPace && await DaemonBuilder.BreaksAsync(docker, cancel) ? new Pace(daemon.Tokens!) : null;
        var sending = bases.Context.WriteAsync(pipe.Writer, options.Value, stop.Token);
        try
        {
#pragma warning disable CS0618 // what is said to replace it hands messages on without waiting for whoever is behind
            await using var answer = await docker.Images
                .BuildImageFromDockerfileAsync(pipe.Reader.AsStream(), parameters, cancel);
#pragma warning restore CS0618
            return await new BuildFollower(daemon, log, clock).FollowAsync(answer, pace, cancel);
        }
        catch (Exception e) when (e is not (BuildFailedException or OperationCanceledException))
        {
            await stop.CancelAsync();
            await pipe.Reader.CompleteAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // looked at in the next lines
            if (sending.Exception?.InnerException is BuildFailedException tooLarge)
                throw new BuildFailedException(tooLarge.Message, tooLarge.Class, e);
            throw e switch
            {
                DockerApiException { StatusCode: < System.Net.HttpStatusCode.InternalServerError } refused =>
                    new BuildFailedException($"The daemon refuses to build this: {DaemonMessage.Said(refused)}",
                        inner: e),
                HttpRequestException or IOException when e is not DaemonFaultException =>
                    new DaemonFaultException(
                        $"The Docker daemon at {daemon.Address} was lost during the build: {e.Message}", e),
                _ => e,
            };
        }
        finally
        {
            await stop.CancelAsync();
            await pipe.Reader.CompleteAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // whoever reads has said it better
        }
    }
}
