namespace Builds.Contracts;

/// <summary>An image that was outdated stands on the present version of its bases again.</summary>
public sealed record ImageCurrent
{
    public required ImageReference Image { get; init; }
    public required string Tag { get; init; }
    public required string Digest { get; init; }

    /// <summary>Not earlier than the <see cref="ImageOutdated.Since"/> that it ends.</summary>
    public required DateTimeOffset Since { get; init; }
}
