using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Defining;

/// <summary>The <c>Registry</c> section of configuration.</summary>
public sealed class RegistryOptions
{
    /// <summary>
    /// The registry of an image that names none: <c>host[:port]</c> in lower case, as people write it in a Dockerfile.
    /// </summary>
    [Required, RegularExpression("^[a-z0-9.-]+(:[0-9]{1,5})?$")]
    public string Default { get; init; } = null!;
}
