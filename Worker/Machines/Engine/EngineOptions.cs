using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Machines.Engine;

/// <summary>
/// The <c>Machines:Engine</c> section: a daemon that is already there. Images, tags and ended containers that appear
/// on it while a build runs are taken for the build's and removed after it, whoever made them. BuildKit's cache
/// stays, and is the daemon's to limit.
/// </summary>
public sealed class EngineOptions : IValidatableObject
{
    /// <summary><c>unix:///…</c>, or <c>tcp://host:port</c> with <see cref="Certificates"/>.</summary>
    [Required]
    public Uri Address { get; init; } = new("unix:///var/run/docker.sock");

    /// <summary>Folder with ca.pem, cert.pem and key.pem, for a tcp address.</summary>
    public string? Certificates { get; init; }

    /// <summary>Where the worker processes of this host see that one of them uses the daemon.</summary>
    [Required]
    public string LockFolder { get; init; } = "/run/lock";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Address.IsAbsoluteUri || Address.Scheme is not ("unix" or "tcp"))
            yield return new ValidationResult(
                $"Machines:Engine:Address must be unix:///path or tcp://host:port; it is \"{Address}\".");
        if (Certificates is not null && !File.Exists(Path.Combine(Certificates, "ca.pem")))
            yield return new ValidationResult(
                $"Machines:Engine:Certificates is {Certificates}, which holds no ca.pem.");
        if (!Directory.Exists(LockFolder))
            yield return new ValidationResult($"Machines:Engine:LockFolder is {LockFolder}, which is not there.");
    }
}
