using Builds.Contracts;

namespace Builds.GraphTracker.Cascading.Decision;

/// <summary>What is decided of an outdated unit. One that is current has none.</summary>
public sealed record Verdict
{
    /// <summary>The base that has moved on: of its own, or of the one it stands on.</summary>
    public required Footing Cause { get; init; }

    /// <summary>The name of the base in between, where it is not directly outdated.</summary>
    public string? Through { get; init; }

    public required OutdatedOutlook Outlook { get; init; }

    /// <summary>What happens now, in words.</summary>
    public required string Next { get; init; }

    /// <summary>It will be rebuilt: what stands on it waits.</summary>
    public bool Pending => Outlook is OutdatedOutlook.Rebuild or OutdatedOutlook.Waits;

    /// <summary>It is owed a rebuild that somebody has to help along: what stands on it is blocked.</summary>
    public bool Stuck => Outlook is OutdatedOutlook.Failed or OutdatedOutlook.Blocked or OutdatedOutlook.Cancelled;

    /// <summary>
    /// Where a rebuild is to be asked for: from when on, Unix milliseconds. Null where it is open, or not to be.
    /// </summary>
    public long? ReadyAt { get; init; }

    /// <summary>What it belongs to, where it is rebuilt or would be; null where it is only flagged.</summary>
    public string? Cascade { get; init; }

    /// <summary>Storeys over the image whose push began it.</summary>
    public required int Depth { get; init; }

    /// <summary>Of the rebuild that is open or has failed.</summary>
    public Guid? BuildId { get; init; }
}
