using Builds.Contracts;

namespace Builds.Gateway.Queueing;

/// <summary>What is kept of a request that breaks a rule: enough to know it by, whatever its size.</summary>
public static class Clipped
{
    private const int MostTags = 32;
    private const int MostCharacters = 256;

    public static BuildRequested From(BuildRequested request) => new()
    {
        BuildId = request.BuildId,
        Image = new ImageReference
        {
            Registry = Clip(request.Image.Registry),
            Repository = Clip(request.Image.Repository) ?? "",
        },
        Tags = [.. request.Tags.Take(MostTags).Select(tag => Clip(tag) ?? "")],
        Source = new GitSource
        {
            Git = Clip(RequestSource.WithoutSecrets(request.Source.Git)) ?? "",
            Ref = Clip(request.Source.Ref) ?? "",
            Commit = Clip(request.Source.Commit),
            Dockerfile = Clip(request.Source.Dockerfile),
            Context = Clip(request.Source.Context),
            Submodules = request.Source.Submodules,
        },
        RequestedAt = request.RequestedAt,
        Target = Clip(request.Target),
        Platform = Clip(request.Platform),
        Cause = request.Cause is { } cause
            ? new BuildCause { Kind = cause.Kind, Actor = Clip(cause.Actor), CascadeId = cause.CascadeId }
            : null,
    };

    private static string? Clip(string? text) => text?.Length > MostCharacters ? text[..MostCharacters] + "…" : text;
}
