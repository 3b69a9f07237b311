namespace Builds.Contracts;

/// <summary>How far the rebuilding after one push has come.</summary>
public sealed record CascadeChanged
{
    public required Guid CascadeId { get; init; }

    /// <summary>The image whose push began it, with its tag.</summary>
    public required string Root { get; init; }

    public required string State { get; init; }

    /// <summary>How many images are in each state.</summary>
    public required IReadOnlyDictionary<string, int> Counts { get; init; }
}
