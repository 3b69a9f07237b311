using Builds.Worker.Machines.Dockerd;

namespace Builds.Worker.Machines;

/// <summary>
/// What is about to be made and for whom: <c>intent.json</c> in the machine's folder, on disk before anything exists.
/// It is all that a later process needs to remove the machine.
/// </summary>
public sealed record MachineIntent
{
    public required string Name { get; init; }
    public required string Provider { get; init; }
    public required Guid BuildId { get; init; }
    public required int Attempt { get; init; }
    public required WorkerProcess Worker { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What a private daemon takes of the host.</summary>
    public BuildNetwork? Network { get; init; }

    /// <summary>The daemon that is shared.</summary>
    public Uri? Engine { get; init; }
}

/// <summary>Who made a machine, for whoever reads the intent.</summary>
public sealed record WorkerProcess(string Host, int ProcessId);
