using Builds.Worker.Images;

namespace Builds.Worker.Machines;

/// <summary>
/// One kind of machine. Providers know their own kind only; tries, time limits and sweeping are the same for all.
/// </summary>
public interface IMachineProvider
{
    /// <summary>The word in <c>Machines:Provider</c>, and in the intent of each machine that it made.</summary>
    string Name { get; }

    /// <summary>How many may exist at the same time, or null where they do not stand in each other's way.</summary>
    int? MostAtOnce { get; }

    /// <summary>
    /// Makes the machine that the folder's intent names and returns when its daemon answers. Whatever it makes is in
    /// the intent, on disk, before it is made. When it throws or is cancelled the caller removes what there is.
    /// </summary>
    Task<DaemonEndpoint> CreateAsync(MachineFolder machine, Func<string, ValueTask> say, CancellationToken cancel);

    /// <summary>
    /// Removes all that the intent names, in whatever state it is, and again if asked again; throws unless all of it is
    /// proven to be gone. The folder itself is the caller's.
    /// </summary>
    Task RemoveAsync(MachineFolder machine, CancellationToken cancel);
}
