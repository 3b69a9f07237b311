using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>
/// The tags of a build in their registry: what they are before they are pushed, and what they are to be after it.
/// </summary>
public sealed partial class RegistryTags(RegistryClient registry, ILogger<RegistryTags> logger)
{
    /// <summary>Looks at a tag that is to be pushed, and keeps what it is.</summary>
    /// <returns>Null where it may be pushed: it is what the build is to replace, or the build's own.</returns>
    public async Task<OvertakenException?> LookAsync(
        BuiltImage image, string tag, TagsBefore before, IReadOnlyDictionary<string, RegistryCredential> credentials,
        CancellationToken cancel)
    {
        var replaces = image.Request.Replaces;
        var name = Name(image.Request.Image, tag);
        var credential = credentials.GetValueOrDefault(name.Registry);
        Manifest? there;
        try
        {
            there = await PresentAsync(name, tag, credential, cancel);
        }
        catch (BuildFailedException e) when (replaces is null && e.InnerException is RegistryRefusedException)
        {
            return null; // some registries deny what is not there yet; where not, the push itself is denied
        }

        if (there is not null && IsOf(there, image.Id))
            return null; // a try before this one came as far; what was there before that is known
        if (there is not null && there.Digest != replaces && (replaces is not null || before.MayBeOwn)
            && await IsOwnAsync(there, image.Request.BuildId, credential, cancel))
        {
            before.FoundOwn(tag, replaces);
            return null;
        }

        before.Found(tag, there?.Digest);
        return replaces is null || there?.Digest == replaces ? null : Overtaken(name, replaces, there);
    }

    /// <summary>Puts a manifest under a tag again that has come to be an image of ours: a worker that slept through
    /// the end of its claim may push after its successor, and a push may fail half-way.</summary>
    /// <param name="late">Id of that image. A tag that is any other one has been pushed by somebody else.</param>
    /// <param name="build">Where no other attempt at it can push any more: what those before have pushed is ours
    /// too.</param>
    /// <returns>Whether it was necessary.</returns>
    public async Task<bool> KeepAsync(
        ImageReference image,
        string tag,
        string digest,
        string late,
        Guid? build,
        IReadOnlyDictionary<string, RegistryCredential> credentials,
        CancellationToken cancel)
    {
        var name = Name(image, tag);
        var credential = credentials.GetValueOrDefault(name.Registry);
        if (await PresentAsync(name, tag, credential, cancel) is not { } there || there.Digest == digest)
            return false;
        if (!IsOf(there, late) && (build is null || !await IsOwnAsync(there, build.Value, credential, cancel)))
            return false;
        if (await PresentAsync(name, digest, credential, cancel) is not { } newest)
        {
            Log.Gone(logger, name, there.Digest, digest);
            return false;
        }

        await GuardAsync(name, credential, async () =>
        {
            await registry.PutManifestAsync(newest, tag, credential, cancel);
            return newest;
        });
        Log.Restored(logger, name, there.Digest, digest);
        return true;
    }

    /// <param name="selector">A tag or a digest.</param>
    public Task<Manifest> GetAsync(
        ImageName name, string selector, RegistryCredential? credential, CancellationToken cancel) =>
        GuardAsync(name, credential, () => registry.GetManifestAsync(name, selector, credential, cancel));

    /// <summary>By its config, or by its digest where the daemon keeps images as registries do.</summary>
    internal static bool IsOf(Manifest manifest, string image) =>
        image == manifest.Config() || image == manifest.Digest;

    internal static ImageName Name(ImageReference image, string tag) =>
        ImageName.TryParse($"{image.Registry}/{image.Repository}:{tag}", out var name) && name.Digest is null
            ? name
            : throw new BuildFailedException(
                $"\"{image.Registry}/{image.Repository}:{tag}\" is not the name of an image.");

    internal static BuildFailedException Denied(
        ImageName name, RegistryCredential? credential, string said, Exception? inner) => new(
        credential is null
            ? $"{name.Registry} wants credentials for a push to {name.Repository} ({said}). Give this image's " +
                $"definition credentials for {name.Registry}."
            : $"{name.Registry} does not let {credential} push to {name.Repository} ({said}). Mend that " +
                "credential, or its rights.",
        inner: inner);

    private async Task<Manifest?> PresentAsync(
        ImageName name, string selector, RegistryCredential? credential, CancellationToken cancel)
    {
        try
        {
            return await GetAsync(name, selector, credential, cancel);
        }
        catch (RegistryRefusedException e) when (e.IsMissing)
        {
            return null;
        }
    }

    private async Task<bool> IsOwnAsync(
        Manifest there, Guid build, RegistryCredential? credential, CancellationToken cancel) =>
        await registry.GetLabelAsync(there, BuildParameters.BuildLabel, credential, cancel) == $"{build}";

    private static OvertakenException Overtaken(ImageName name, string replaces, Manifest? there) => there is null
        ? new OvertakenException(
            $"{name} is not there, and this build was to replace {replaces}. Where it is to be there, build it anew.",
            "")
        : new OvertakenException(
            $"{name} has become {there.Digest} since this build was asked for, which was to replace {replaces}: "
            + "somebody else has pushed it meanwhile, and that stays.",
            there.Digest);

    private static async Task<T> GuardAsync<T>(ImageName name, RegistryCredential? credential, Func<Task<T>> ask)
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

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "put {Image} back from {Stale} to {Digest}: this build had pushed it")]
        public static partial void Restored(ILogger logger, ImageName image, string stale, string digest);

        [LoggerMessage(
            LogLevel.Warning, "{Image} stays {Stale}, which this build had pushed: its registry has {Digest} no more")]
        public static partial void Gone(ILogger logger, ImageName image, string stale, string digest);
    }
}
