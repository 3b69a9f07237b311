using Builds.Contracts;
using Builds.Worker.Building;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Options;
using Polly;

namespace Builds.Worker.Images;

/// <summary>Has the daemon push, and looks in the registry whether it has what was built.</summary>
public sealed partial class ImagePusher(
    RegistryClient registry, IOptions<ImageOptions> options, TimeProvider clock, ILogger<ImagePusher> logger)
{
    private readonly ResiliencePipeline _retry = RegistryRetry.Of(options.Value);

    /// <exception cref="BuildFailedException">The registry does not let this credential push there.</exception>
    /// <exception cref="OvertakenException">A tag is not any more what the build is to replace.</exception>
    public async Task<PushedImage> PushAsync(
        DaemonEndpoint daemon,
        BuiltImage image,
        IReadOnlyDictionary<string, RegistryCredential> credentials,
        BuildLogStream log,
        CancellationToken cancel)
    {
        await CheckAsync(image.Request, credentials, cancel);
        using var docker = daemon.Connect();
        var tags = image.Request.Tags;
        string? digest = null;
        for (var i = 0; i < tags.Count; i++)
        {
            try
            {
                digest = await PushTagAsync(docker, image, tags[i], digest, credentials, log, cancel);
            }
            catch (Exception e) when (HalfPushed.Failure(e, tags, pushed: i, digest) is { } failure)
            {
                throw failure;
            }
        }

        return new PushedImage(image, digest!, tags);
    }

    /// <param name="digest">Of the tags before it; null for the first.</param>
    private async Task<string> PushTagAsync(
        DockerClient docker, BuiltImage image, string tag, string? digest,
        IReadOnlyDictionary<string, RegistryCredential> credentials, BuildLogStream log, CancellationToken cancel)
    {
        var name = Name(image.Request.Image, tag);
        if (await registry.RefusalAsync(name.Registry, cancel) is { } refusal)
            throw Closed(name.Registry, refusal);
        var credential = credentials.GetValueOrDefault(name.Registry);
        await docker.Images.TagImageAsync(
            image.Id, new ImageTagParameters { RepositoryName = name.Name, Tag = tag }, cancel);
        var pushed = await _retry.ExecuteAsync(
            async stop => await PushAsync(docker, name, credential, log, stop), cancel);
        var there = await AskAsync(name, credential, () => registry.GetManifestAsync(name, tag, credential, cancel));
        if (!IsOf(there, image.Id) || there.Digest != pushed || there.Digest != (digest ?? pushed))
            throw new RegistryUnavailableException(
                $"{name} was pushed as {pushed} (image {image.Id}), but {name.Registry} has {there.Digest} " +
                    "there: somebody else pushed at the same moment, or the registry lost it.");
        await log.LineAsync($"push {name}", $"{name} is {there.Digest}", cancel);
        return there.Digest;
    }

    /// <summary>Puts a manifest under a tag again where the tag has come to be a late image of ours: a worker that
    /// slept through the end of its claim may push after its successor.</summary>
    /// <param name="late">Id of that image. A tag that is any other one has been pushed by somebody else.</param>
    /// <returns>Whether it was necessary.</returns>
    public async Task<bool> KeepTagAsync(
        ImageReference image,
        string tag,
        string digest,
        string late,
        IReadOnlyDictionary<string, RegistryCredential> credentials,
        CancellationToken cancel)
    {
        var name = Name(image, tag);
        var credential = credentials.GetValueOrDefault(name.Registry);
        var there = await AskAsync(name, credential, () => registry.GetManifestAsync(name, tag, credential, cancel));
        if (there.Digest == digest || !IsOf(there, late))
            return false;

        await AskAsync(name, credential, async () =>
        {
            var newest = await registry.GetManifestAsync(name, digest, credential, cancel);
            await registry.PutManifestAsync(newest, tag, credential, cancel);
            return newest;
        });
        LogRestored(logger, name, there.Digest, digest);
        return true;
    }

    // All of them before the first is pushed. What an earlier attempt has pushed is this build's own.
    private async Task CheckAsync(
        BuildRequested request, IReadOnlyDictionary<string, RegistryCredential> credentials, CancellationToken cancel)
    {
        foreach (var tag in request.Replaces is null ? [] : request.Tags)
        {
            var name = Name(request.Image, tag);
            var credential = credentials.GetValueOrDefault(name.Registry);
            if (await PresentAsync(name, credential, cancel) is not { } there)
                throw new OvertakenException(
                    $"{name} has been deleted since this build was asked for, so it was not pushed. Where it is to be "
                    + "there again, build it anew.", "");
            if (there.Digest != request.Replaces && !await IsOwnAsync(request, there, credential, cancel))
                throw new OvertakenException(
                    $"{name} has become {there.Digest} since this build was asked for, which was to replace "
                    + $"{request.Replaces}: somebody else has pushed it meanwhile, and that stays. Nothing was pushed.",
                    there.Digest);
        }
    }

    private async Task<bool> IsOwnAsync(
        BuildRequested request, Manifest there, RegistryCredential? credential, CancellationToken cancel) =>
        await registry.GetLabelAsync(there, BuildParameters.BuildLabel, credential, cancel) == $"{request.BuildId}";

    private async Task<Manifest?> PresentAsync(
        ImageName name, RegistryCredential? credential, CancellationToken cancel)
    {
        try
        {
            return await AskAsync(
                name, credential, () => registry.GetManifestAsync(name, name.Tag!, credential, cancel));
        }
        catch (RegistryRefusedException e) when (e.IsMissing)
        {
            return null;
        }
    }

    // By its config, or by its digest where the daemon keeps images as registries do.
    private static bool IsOf(Manifest manifest, string image) => image == manifest.Config() || image == manifest.Digest;

    private async Task<string> PushAsync(
        DockerClient docker, ImageName name, RegistryCredential? credential, BuildLogStream log,
        CancellationToken cancel)
    {
        var access = await DaemonAccess.ForAsync(registry, name, credential, cancel);
        var transfer = new DaemonTransfer(log, $"push {name}", clock);
        var parameters = new ImagePushParameters { Tag = name.Tag };
        var error = await transfer.RunAsync(
            each => docker.Images.PushImageAsync(name.Name, parameters, access, each, cancel), cancel);
        if (error is not null && DaemonTransfer.IsDenied(error))
            throw Denied(name, credential, error, null);
        if (error is not null && (transfer.HasTriedAgain || DaemonTransfer.IsFull(error)))
            throw new RegistryUnavailableException(
                $"{name} could not be pushed, however often the daemon tried: {error}. The fault is at " +
                $"{name.Registry}: its operator finds the cause in its log; often its disk is full.")
            {
                IsLasting = true,
            };
        return error is null && transfer.Digest is { } digest
            ? digest
            : throw new RegistryUnavailableException(
                $"{name} could not be pushed: {error ?? "the daemon reported no digest"}");
    }

    private static async Task<Manifest> AskAsync(
        ImageName name, RegistryCredential? credential, Func<Task<Manifest>> ask)
    {
        try
        {
            return await ask();
        }
        catch (RegistryRefusedException e) when (e.IsDenied)
        {
            throw Denied(name, credential, e.Message, e);
        }
    }

    internal static BuildFailedException Closed(string registry, string refusal) =>
        new($"The image cannot be pushed to {registry}: {refusal}.", FailureClass.Policy);

    private static BuildFailedException Denied(
        ImageName name, RegistryCredential? credential, string said, Exception? inner) => new(
        credential is null
            ? $"{name.Registry} wants credentials for a push to {name.Repository} ({said}). Give this image's " +
                $"definition credentials for {name.Registry}."
            : $"{name.Registry} does not let {credential} push to {name.Repository} ({said}). Mend that " +
                "credential, or its rights.",
        inner: inner);

    private static ImageName Name(ImageReference image, string tag) =>
        ImageName.TryParse($"{image.Registry}/{image.Repository}:{tag}", out var name) && name.Digest is null
            ? name
            : throw new BuildFailedException(
                $"\"{image.Registry}/{image.Repository}:{tag}\" is not the name of an image.");

    [LoggerMessage(LogLevel.Warning, "put {Image} back from {Stale} to {Digest}: this attempt had pushed late")]
    private static partial void LogRestored(ILogger logger, ImageName image, string stale, string digest);
}
