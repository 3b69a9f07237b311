namespace Builds.Worker.Images;

/// <summary>
/// A tag is not what the build was to replace: somebody has released it since, that stays, and nothing was pushed over
/// it.
/// </summary>
/// <param name="found">What it is now; empty where it is not there.</param>
public sealed class OvertakenException(string message, string found) : Exception(message)
{
    public string Found { get; } = found;
}
