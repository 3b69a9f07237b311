namespace Builds.Gateway.Flagging;

/// <summary>The <c>Badges</c> section of configuration.</summary>
public sealed class BadgeOptions
{
    /// <summary>
    /// Whether everybody sees the badges. If not, they need a token that may read the image, and say unknown without
    /// one.
    /// </summary>
    public bool Public { get; init; } = true;
}
