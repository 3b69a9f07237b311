using System.ComponentModel.DataAnnotations;
using Builds.Worker.Machines.DockerMachine;
using Builds.Worker.Machines.Dockerd;
using Builds.Worker.Machines.Engine;

namespace Builds.Worker.Machines;

/// <summary>The <c>Machines</c> section of configuration. Times are in seconds.</summary>
public sealed class MachineOptions : IValidatableObject
{
    /// <summary>
    /// What a machine is. <c>docker-machine</c>: a VM by any driver of docker-machine; <c>dockerd</c>: a private
    /// daemon on this host, no security boundary; <c>engine</c>: a daemon that is already there, shared, one build at
    /// a time.
    /// </summary>
    [AllowedValues(DockerMachineProvider.Word, DockerdProvider.Word, EngineProvider.Word,
        ErrorMessage = "Machines:Provider must be docker-machine, dockerd or engine.")]
    public string Provider { get; init; } = DockerdProvider.Word;

    /// <summary>How long making a machine may take, until its daemon is waited for.</summary>
    [Range(5, 7200)]
    public int CreateSeconds { get; init; } = 600;

    /// <summary>How long a machine that was made may take until its daemon answers.</summary>
    [Range(1, 1800)]
    public int ReadySeconds { get; init; } = 180;

    /// <summary>How long one try to remove a machine may take; the sweep tries again, for ever.</summary>
    [Range(5, 3600)]
    public int RemoveSeconds { get; init; } = 300;

    /// <summary>How often another machine is made when one could not be.</summary>
    [Range(0, 10)]
    public int MoreTries { get; init; } = 2;

    /// <summary>The pause before the first of those; each next one is twice as long.</summary>
    [Range(0, 600)]
    public int RetryPauseSeconds { get; init; } = 5;

    /// <summary>How often machines without a living build are looked for.</summary>
    [Range(1, 3600)]
    public int SweepSeconds { get; init; } = 60;

    /// <summary>The longest pause between two tries to remove the same machine.</summary>
    [Range(1, 86400)]
    public int LongestSweepPauseSeconds { get; init; } = 900;

    public EngineOptions Engine { get; init; } = new();
    public DockerdOptions Dockerd { get; init; } = new();
    public DockerMachineOptions DockerMachine { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        object used = Provider switch
        {
            DockerMachineProvider.Word => DockerMachine,
            EngineProvider.Word => Engine,
            _ => Dockerd,
        };
        var wrong = new List<ValidationResult>();
        if (Tool.Find("rm") is null)
            wrong.Add(new ValidationResult(
                "Removing machines needs the program rm, which is not there: install it (package coreutils)."));
        Validator.TryValidateObject(used, new ValidationContext(used), wrong, validateAllProperties: true);
        return wrong;
    }
}
