using System.ComponentModel.DataAnnotations;

namespace Builds.GraphTracker.Storing;

/// <summary>The <c>Store</c> section of configuration.</summary>
public sealed class StoreOptions
{
    /// <summary>Folder of <c>graph.db</c>, on a local disk.</summary>
    [Required]
    public string Folder { get; init; } = null!;
}
