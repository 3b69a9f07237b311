using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Storing;

/// <summary>The <c>Store</c> section of configuration.</summary>
public sealed class StoreOptions
{
    /// <summary>Folder of <c>gateway.db</c> and <c>logs.db</c>, on a local disk.</summary>
    [Required]
    public string Folder { get; init; } = null!;
}
