using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Builds.Worker.Images;

/// <summary>
/// The images, names and containers that a shared daemon has before a build, to be what it has after it.
/// </summary>
/// <param name="References">By image id: its tags and digests, <c>repository:tag</c> and
/// <c>repository@sha256:…</c>.</param>
/// <param name="Containers">Ids.</param>
public sealed record DaemonState(IReadOnlyDictionary<string, string[]> References, string[] Containers)
{
    public static async Task<DaemonState> CaptureAsync(DaemonEndpoint daemon, CancellationToken cancel)
    {
        using var docker = daemon.Connect();
        return await CaptureAsync(docker, cancel);
    }

    /// <summary>
    /// Puts moved tags back and removes what is new. Never removes an image that was there, nor a container that runs
    /// from one.
    /// </summary>
    /// <returns>What was there and is gone, with no way to get it back.</returns>
    public async Task<IReadOnlyList<string>> RestoreAsync(DaemonEndpoint daemon, CancellationToken cancel)
    {
        using var docker = daemon.Connect();
        await RemoveContainersAsync(docker, cancel);
        var now = await CaptureAsync(docker, cancel);
        await PutTagsBackAsync(docker, now, cancel);
        await TakeNewNamesAwayAsync(docker, now, cancel);
        await RemoveNewImagesAsync(docker, cancel);
        return [.. References.Keys.Where(image => !now.References.ContainsKey(image))];
    }

    private static async Task<DaemonState> CaptureAsync(DockerClient docker, CancellationToken cancel)
    {
        var images = await docker.Images.ListImagesAsync(new ImagesListParameters { All = true }, cancel);
        var containers = await ContainersAsync(docker, cancel);
        return new DaemonState(
            images.ToDictionary(image => image.ID, NamesOf), [.. containers.Select(container => container.ID)]);
    }

    private static string[] NamesOf(ImagesListResponse image) =>
        [.. (image.RepoTags ?? []).Concat(image.RepoDigests ?? []).Where(name => !name.StartsWith("<none>"))];

    private static Task<IList<ContainerListResponse>> ContainersAsync(DockerClient docker, CancellationToken cancel) =>
        docker.Containers.ListContainersAsync(new ContainersListParameters { All = true }, cancel);

    private async Task RemoveContainersAsync(DockerClient docker, CancellationToken cancel)
    {
        var all = await ContainersAsync(docker, cancel);
        foreach (var container in all.Where(one => !Containers.Contains(one.ID)))
            if (container.State != "running" || !References.ContainsKey(container.ImageID))
                await UnlessGoneAsync(docker.Containers.RemoveContainerAsync(
                    container.ID, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, cancel));
    }

    private async Task PutTagsBackAsync(DockerClient docker, DaemonState now, CancellationToken cancel)
    {
        foreach (var (image, references) in References.Where(before => now.References.ContainsKey(before.Key)))
            foreach (var tag in references.Where(IsTag).Except(now.References[image]))
                await TagAsync(docker, image, tag, cancel);
    }

    // A name is taken off an old image by giving it to an empty one, which is then removed: to delete the name would
    // delete the image with its last one, and with a repository's last tag that repository's digests.
    private async Task TakeNewNamesAwayAsync(DockerClient docker, DaemonState now, CancellationToken cancel)
    {
        var old = now.References.Where(image => References.ContainsKey(image.Key)).ToList();
        var known = References.Values.SelectMany(names => names);
        var tags = old.SelectMany(image => image.Value).Where(IsTag).Except(known).ToList();
        if (tags.Count > 0)
        {
            var empty = await MakeEmptyImageAsync(docker, cancel);
            foreach (var tag in tags)
                await TagAsync(docker, empty, tag, cancel);
        }

        foreach (var (image, names) in old)
            if (References[image].Length > 0) // a digest cannot be given away: on an image without other names it stays
                foreach (var digest in names.Where(name => !IsTag(name)).Except(References[image]))
                    await UnlessGoneAsync(docker.Images.DeleteImageAsync(
                        digest, new ImageDeleteParameters { NoPrune = true }, cancel));
    }

    // Without pruning: an image's parents may be old and nameless. So children go first, and it is gone through again.
    private async Task RemoveNewImagesAsync(DockerClient docker, CancellationToken cancel)
    {
        var left = int.MaxValue;
        while (true)
        {
            var images = await docker.Images.ListImagesAsync(new ImagesListParameters { All = true }, cancel);
            var added = images.Where(image => !References.ContainsKey(image.ID)).ToList();
            if (added.Count == 0)
                return;
            if (added.Count >= left)
                throw new InvalidOperationException(
                    "Images of a build are still used and could not be removed: "
                    + string.Join(", ", added.Select(image => image.ID)));
            left = added.Count;

            var parents = added.Select(image => image.ParentID).ToHashSet();
            foreach (var image in added.Where(image => !parents.Contains(image.ID)))
                await UnlessUsedAsync(docker.Images.DeleteImageAsync(
                    image.ID, new ImageDeleteParameters { Force = true, NoPrune = true }, cancel));
        }
    }

    private static async Task<string> MakeEmptyImageAsync(DockerClient docker, CancellationToken cancel)
    {
        var name = $"builds-empty:{Guid.NewGuid():N}";
        using var nothing = new MemoryStream(new byte[1024]); // a tar's end
        await docker.Images.CreateImageAsync(
            new ImagesCreateParameters { FromSrc = "-", Repo = name.Split(':')[0], Tag = name.Split(':')[1] },
            nothing, new AuthConfig(), new Progress<JSONMessage>(), cancel);
        return (await docker.Images.InspectImageAsync(name, cancel)).ID;
    }

    private static Task TagAsync(DockerClient docker, string image, string tag, CancellationToken cancel)
    {
        var colon = tag.LastIndexOf(':');
        return docker.Images.TagImageAsync(
            image, new ImageTagParameters { RepositoryName = tag[..colon], Tag = tag[(colon + 1)..] }, cancel);
    }

    private static bool IsTag(string reference) => !reference.Contains('@');

    private static async Task UnlessGoneAsync(Task request)
    {
        try
        {
            await request;
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound)
        {
            // that is what was wanted
        }
    }

    private static async Task UnlessUsedAsync(Task request)
    {
        try
        {
            await UnlessGoneAsync(request);
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.Conflict)
        {
            // by a sibling that goes first; whether it went is looked at afterwards
        }
    }
}
