using System.Text.Json;
using Builds.Contracts;
using Builds.Worker.Building;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Images;

/// <summary>
/// Finds out on which images a build stands, asks each tag's registry once for its digest, pulls that digest and tags
/// it on the daemon as the Dockerfile calls it: the build then uses exactly what is recorded, and needs no log-in
/// anywhere.
/// </summary>
public sealed partial class BasePuller(
    RegistryClient registry, IOptions<ImageOptions> options, TimeProvider clock, ILogger<BasePuller> logger)
{
    /// <param name="root">Of the checkout.</param>
    /// <exception cref="BuildFailedException">Dockerfile, context or a base is not as it should be.</exception>
    public async Task<Bases> PullAsync(
        DaemonEndpoint daemon,
        string root,
        BuildRequested request,
        IReadOnlyDictionary<string, RegistryCredential> credentials,
        BuildLogStream log,
        CancellationToken cancel)
    {
        var source = await BuildSource.ReadAsync(root, request, options.Value.Frontend, cancel);
        using var docker = daemon.Connect();
        var builder = await DaemonBuilder.OfAsync(daemon, docker, options.Value.Builder, cancel);
        var uses = BaseUses.Of(source.Dockerfile, request, builder.Platform, inOrder: !builder.IsBuildKit);

        await JudgeAsync(source.Dockerfile, uses, request, cancel);
        var manifests = new Dictionary<ImageName, Manifest>();
        foreach (var group in uses.All.GroupBy(use => (use.Image, use.Platform)))
        {
            var base_ = new Pulling(source.Dockerfile, group.First(),
                credentials.GetValueOrDefault(group.Key.Image.Registry));
            if (!manifests.TryGetValue(group.Key.Image, out var manifest))
                manifests[group.Key.Image] = manifest = await base_.AskAsync(() => FindAsync(base_, cancel));
            await base_.AskAsync(() => CheckPlatformAsync(base_, manifest, builder.Platform, cancel));
            await PullAsync(docker, base_, manifest.Digest, log, cancel);
            LogBase(logger, request.BuildId, group.Key.Image, manifest.Digest);
        }

        BaseImage Record(BaseUse use) => new()
        {
            Reference = use.Image.ToString(),
            Digest = manifests[use.Image].Digest,
            Stage = use.Stage,
            Kind = use.Kind,
            Pinned = use.Image.Digest is not null,
            Final = use == uses.Final,
        };

        return new Bases(
            request,
            source.Dockerfile,
            source.Context,
            [.. uses.All.Select(Record).Distinct()],
            uses.Final is null ? null : Record(uses.Final),
            builder.IsBuildKit);
    }

    /// <summary>All of them before the first is asked, and the one to push to before anything is built.</summary>
    private async Task JudgeAsync(
        Dockerfile file, BaseUses uses, BuildRequested request, CancellationToken cancel)
    {
        foreach (var use in uses.All.DistinctBy(use => use.Image.Registry))
            if (await registry.RefusalAsync(use.Image.Registry, cancel) is { } refusal)
                throw new Pulling(file, use, null).Failed(refusal, FailureClass.Policy);
        if (await registry.RefusalAsync(request.Image.Registry!, cancel) is { } closed)
            throw ImagePusher.Closed(request.Image.Registry!, closed);
    }

    private Task<Manifest> FindAsync(Pulling base_, CancellationToken cancel) =>
        registry.GetManifestAsync(base_.Image, base_.Image.Digest ?? base_.Image.Tag!, base_.Credential, cancel);

    /// <summary>An image that is for one platform only is taken as it is, unless the author asked for
    /// another.</summary>
    private async Task<bool> CheckPlatformAsync(
        Pulling base_, Manifest manifest, Platform machine, CancellationToken cancel)
    {
        var there = manifest.Platforms();
        if (there is null && base_.Use.Platform is not null
            && await registry.GetPlatformAsync(manifest, base_.Credential, cancel) is { } only)
            there = [only];
        var wanted = base_.Use.Platform ?? machine;
        return there is null || there.Any(wanted.Runs) ? true : throw base_.Failed(
            $"it is not there for {wanted}, only for {string.Join(", ", there.Distinct())}. " +
            "Build for one of these, or use another base");
    }

    private async Task PullAsync(
        DockerClient docker, Pulling base_, string digest, BuildLogStream log, CancellationToken cancel)
    {
        var step = $"base {base_.Image}";
        await log.LineAsync(step, $"{base_.Image} is {digest}", cancel);
        var access = await DaemonAccess.ForAsync(registry, base_.Image, base_.Credential, cancel);
        var parameters = new ImagesCreateParameters
        {
            FromImage = base_.Image.Name, Tag = digest, Platform = base_.Use.Platform?.ToString(),
        };
        var transfer = new DaemonTransfer(log, step, clock);
        var error = await transfer.RunAsync(
            each => docker.Images.CreateImageAsync(parameters, access, each, cancel), cancel);
        if (error is not null && DaemonTransfer.IsDenied(error))
            throw base_.Failed($"the daemon could not pull it: {error}");
        if (error is not null)
            throw new DaemonFaultException(
                $"The daemon could not pull {base_.Image.At(digest)}: {error}. " +
                "The machine has to reach and trust the registry as the worker does.");

        if (base_.Image is { Digest: null, Tag: { } tag })
            await docker.Images.TagImageAsync(base_.Image.At(digest),
                new ImageTagParameters { RepositoryName = base_.Image.Name, Tag = tag }, cancel);
    }

    /// <summary>One base on its way, and how its author is told what is wrong with it.</summary>
    private sealed record Pulling(Dockerfile File, BaseUse Use, RegistryCredential? Credential)
    {
        public ImageName Image => Use.Image;

        public BuildFailedException Failed(
            string reason, FailureClass @class = FailureClass.Author, Exception? inner = null) => new(
            $"The Dockerfile \"{File.Path}\" needs {Image} (line {Use.Line}, stage {Use.Stage}), " +
            $"but {reason}.", @class, inner);

        public async Task<T> AskAsync<T>(Func<Task<T>> ask)
        {
            try
            {
                return await ask();
            }
            catch (RegistryRefusedException e)
            {
                throw Failed(e switch
                {
                    { IsMissing: true } => $"{e.Message}. Push it first, or correct the name",
                    { IsDenied: true } when Credential is null =>
                        $"{e.Message}. Give this image's definition credentials for {Image.Registry}, " +
                        "or correct the name",
                    { IsDenied: true } =>
                        $"{e.Message}. It was asked with {Credential}: mend that credential, or its rights",
                    _ => e.Message,
                }, inner: e);
            }
            catch (JsonException e)
            {
                throw new RegistryUnavailableException(
                    $"{Image.Registry} answered for {Image} with a manifest that cannot be read: {e.Message}", e);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "build {Build} stands on {Image} {Digest}")]
    private static partial void LogBase(ILogger logger, Guid build, ImageName image, string digest);
}
