namespace Builds.Contracts;

/// <summary>A registry has something new: a hint, after which the registry itself is asked.</summary>
public sealed record ImagePushed
{
    public required ImageReference Image { get; init; }

    /// <summary>Empty where a tag was deleted: nobody says then what it pointed to.</summary>
    public required string Digest { get; init; }

    public string? Tag { get; init; }
    public string? MediaType { get; init; }
    public DateTimeOffset? At { get; init; }

    /// <summary>The registry's own id of the event; it repeats one until it is accepted.</summary>
    public string? EventId { get; init; }

    public string? Actor { get; init; }
}
