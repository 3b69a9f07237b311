namespace Builds.Contracts;

/// <summary>An image is no longer built here.</summary>
public sealed record ImageForgotten
{
    public required ImageReference Image { get; init; }

    /// <summary>One more than the last <see cref="ImageDefined.Version"/>.</summary>
    public required long Version { get; init; }
}
