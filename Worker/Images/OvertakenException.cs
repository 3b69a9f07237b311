namespace Builds.Worker.Images;

/// <summary>
/// A tag has become another image since the build was asked for: somebody has released it, that stays, and nothing was
/// pushed over it.
/// </summary>
/// <param name="found">What it is now; empty where it is gone.</param>
public sealed class OvertakenException(string message, string found) : Exception(message)
{
    public string Found { get; } = found;
}
