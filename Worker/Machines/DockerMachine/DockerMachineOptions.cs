using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Machines.DockerMachine;

/// <summary>The <c>Machines:DockerMachine</c> section.</summary>
public sealed class DockerMachineOptions : IValidatableObject
{
    /// <summary>docker-machine, or one that is called the same way (rancher-machine), by its path or in PATH.</summary>
    [Required]
    public string Binary { get; init; } = "docker-machine";

    /// <summary>What follows <c>create -d</c>: <c>amazonec2</c>, <c>openstack</c>, <c>virtualbox</c> …</summary>
    [Required(ErrorMessage =
        "Machines:DockerMachine:Driver is not set: the driver for docker-machine create -d, such as amazonec2.")]
    public string Driver { get; init; } = "";

    /// <summary>
    /// The driver's further arguments to create, one item each: <c>--amazonec2-region</c>, <c>eu-central-1</c>.
    /// <c>{name}</c> and <c>{build}</c> stand for the machine's name and the build's id. Have the driver tag its VMs
    /// with them where it can.
    /// Secrets are better given in the worker's environment, as the driver's documentation says: arguments are seen
    /// by everybody on the host.
    /// </summary>
    public IReadOnlyList<string> CreateOptions { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var tool in (string[])[Binary, "sh", "setsid"])
            if (Tool.Find(tool) is null)
                yield return new ValidationResult(
                    $"Machines:Provider docker-machine needs the program {tool}, which is not there: "
                    + "install it, or set Machines:DockerMachine:Binary.");
        foreach (var option in CreateOptions.Where(string.IsNullOrWhiteSpace))
            yield return new ValidationResult(
                $"Machines:DockerMachine:CreateOptions holds an empty argument \"{option}\".");
    }
}
