using Builds.Contracts;
using Builds.Worker.Building;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Options;
using Polly;

namespace Builds.Worker.Images;

/// <summary>Has the daemon push, and looks in the registry whether it has what was built.</summary>
public sealed class ImagePusher(
    RegistryClient registry, RegistryTags tags, IOptions<ImageOptions> options, TimeProvider clock)
{
    private readonly ResiliencePipeline _retry = RegistryRetry.Of(options.Value);

    /// <param name="before">Takes what the tags are before they are pushed.</param>
    /// <exception cref="BuildFailedException">The registry does not let this credential push there.</exception>
    /// <exception cref="OvertakenException">A tag is not any more what the build is to replace.</exception>
    public async Task<PushedImage> PushAsync(
        DaemonEndpoint daemon,
        BuiltImage image,
        TagsBefore before,
        IReadOnlyDictionary<string, RegistryCredential> credentials,
        BuildLogStream log,
        CancellationToken cancel)
    {
        using var docker = daemon.Connect();
        var all = image.Request.Tags;
        string? digest = null;
        var pushed = 0;
        try
        {
            await CheckAsync(image, before, credentials, cancel);
            for (; pushed < all.Count; pushed++)
                digest = await PushTagAsync(docker, image, all[pushed], digest, before, credentials, log, cancel);
        }
        catch (Exception e) when (HalfPushed.Failure(e, image.Request, pushed, digest, before) is { } failure)
        {
            throw failure;
        }

        return new PushedImage(image, digest!, all);
    }

    // All of them before the first is pushed, and where one is overtaken the others too: an earlier attempt may have
    // pushed some.
    private async Task CheckAsync(
        BuiltImage image, TagsBefore before, IReadOnlyDictionary<string, RegistryCredential> credentials,
        CancellationToken cancel)
    {
        OvertakenException? overtaken = null;
        foreach (var tag in image.Request.Replaces is null ? [] : image.Request.Tags)
        {
            var found = await tags.LookAsync(image, tag, before, credentials, cancel);
            overtaken ??= found;
        }

        if (overtaken is not null)
            throw overtaken;
    }

    /// <param name="digest">Of the tags before it; null for the first.</param>
    private async Task<string> PushTagAsync(
        DockerClient docker, BuiltImage image, string tag, string? digest, TagsBefore before,
        IReadOnlyDictionary<string, RegistryCredential> credentials, BuildLogStream log, CancellationToken cancel)
    {
        var name = RegistryTags.Name(image.Request.Image, tag);
        if (await registry.RefusalAsync(name.Registry, cancel) is { } refusal)
            throw Closed(name.Registry, refusal);
        var credential = credentials.GetValueOrDefault(name.Registry);
        await docker.Images.TagImageAsync(
            image.Id, new ImageTagParameters { RepositoryName = name.Name, Tag = tag }, cancel);
        var pushed = await _retry.ExecuteAsync(async stop =>
        {
            await LookAsync(image, tag, before, credentials, stop);
            return await PushAsync(docker, name, credential, log, stop);
        }, cancel);
        var there = await tags.GetAsync(name, tag, credential, cancel);
        if (!RegistryTags.IsOf(there, image.Id) || there.Digest != pushed || there.Digest != (digest ?? pushed))
            throw new RegistryUnavailableException(
                $"{name} was pushed as {pushed} (image {image.Id}), but {name.Registry} has {there.Digest} " +
                    "there: somebody else pushed at the same moment, or the registry lost it.");
        await log.LineAsync($"push {name}", $"{name} is {there.Digest}", cancel);
        return there.Digest;
    }

    // Before each try: what comes between is the upload of the tag's own layers, and nothing else.
    private async Task LookAsync(
        BuiltImage image, string tag, TagsBefore before, IReadOnlyDictionary<string, RegistryCredential> credentials,
        CancellationToken cancel)
    {
        try
        {
            if (await tags.LookAsync(image, tag, before, credentials, cancel) is { } overtaken)
                throw overtaken;
        }
        catch (RegistryUnavailableException e)
        {
            var name = RegistryTags.Name(image.Request.Image, tag);
            throw new RegistryUnavailableException($"{name} could not be pushed: {e.Message}", e)
            {
                IsLasting = true, // it was asked again already
            };
        }
    }

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
            throw RegistryTags.Denied(name, credential, error, null);
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

    internal static BuildFailedException Closed(string registry, string refusal) =>
        new($"The image cannot be pushed to {registry}: {refusal}.", FailureClass.Policy);
}
