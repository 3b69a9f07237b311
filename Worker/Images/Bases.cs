using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>What a build stands on, all of it on the daemon: images under the names of the Dockerfile, each the one
/// digest that is recorded.</summary>
/// <param name="Images">For <see cref="BuildCompleted.Bases"/>.</param>
/// <param name="Final">What the built image itself stands on; null for scratch.</param>
/// <param name="BuildKit">Builds with BuildKit; with the classic builder otherwise.</param>
public sealed record Bases(
    BuildRequested Request,
    Dockerfile Dockerfile,
    BuildContext Context,
    IReadOnlyList<BaseImage> Images,
    BaseImage? Final,
    bool BuildKit);

/// <summary>An image on the daemon that has no name yet: it gets its tags when it is pushed.</summary>
/// <param name="Id">Digest of its configuration (of its manifest, where the daemon keeps images in containerd).</param>
public sealed record BuiltImage(BuildRequested Request, Bases Bases, string Id, long Size);

/// <summary>The image as its registry has it.</summary>
/// <param name="Tags">All of them have this digest.</param>
public sealed record PushedImage(BuiltImage Image, string Digest, IReadOnlyList<string> Tags);
