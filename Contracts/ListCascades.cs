namespace Builds.Contracts;

/// <summary>The cascades, please, the newest first.</summary>
public sealed record ListCascades
{
    /// <summary>Only those in this state: running, blocked, done or cancelled.</summary>
    public string? State { get; init; }

    /// <summary>Continue behind this one.</summary>
    public Guid? After { get; init; }
}

/// <summary>Answer to <see cref="ListCascades"/>: at most 100.</summary>
public sealed record Cascades
{
    public required IReadOnlyList<CascadeSummary> Items { get; init; }

    /// <summary>Ask again with this as <see cref="ListCascades.After"/>; left out at the end.</summary>
    public Guid? Next { get; init; }
}

/// <summary>A cascade: what the push of one image set off.</summary>
public sealed record CascadeSummary
{
    public required Guid CascadeId { get; init; }

    /// <summary>The image whose push began it, with registry and tag.</summary>
    public required string Root { get; init; }

    public string? OldDigest { get; init; }
    public required string NewDigest { get; init; }

    /// <summary>running, blocked, done or cancelled.</summary>
    public required string State { get; init; }

    public required DateTimeOffset BeganAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How many images are in each state.</summary>
    public required IReadOnlyDictionary<string, int> Counts { get; init; }

    /// <summary>Why it does not go on, where it cannot be decided; it is tried again.</summary>
    public string? Problem { get; init; }
}
