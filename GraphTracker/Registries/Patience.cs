namespace Builds.GraphTracker.Registries;

/// <summary>How long a registry is left alone that did not answer somebody who looks through it.</summary>
internal sealed class Patience
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private int _failures;

    public void Answered() => _failures = 0;

    /// <returns>Until it is asked again: longer each time, and at least as long as it asks for.</returns>
    public TimeSpan Failed(Exception why)
    {
        var pause = First * Math.Pow(2, Math.Min(_failures++, 10));
        var asked = (why as RegistryUnavailableException)?.RetryAfter ?? TimeSpan.Zero;
        return pause > Longest || asked > Longest ? Longest : pause > asked ? pause : asked;
    }
}
