using System.ComponentModel.DataAnnotations;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// The <c>Machines:Dockerd</c> section. A private daemon shares this host's kernel, and its builds can reach the host's
/// network: it keeps builds apart from each other's images and files, and is no security boundary.
/// </summary>
public sealed class DockerdOptions : IValidatableObject
{
    private static readonly string[] Always =
        ["ip", "setpriv", "unshare", "mount", "sh", "mkfifo", "perl", "containerd", PacedRunc.Runc];

    /// <summary>dockerd, by its path or in PATH.</summary>
    [Required]
    public string Binary { get; init; } = "dockerd";

    /// <summary>
    /// Where each machine gets a /24 of its own from, as long as nothing on this host has an address in it or a route
    /// to it.
    /// </summary>
    [Required]
    public string Subnets { get; init; } = "10.212.0.0/16";

    /// <summary>
    /// Whether RUN reaches further than this host. It takes a masquerading rule and two forwarding rules, which go
    /// with the machine, and switches on net.ipv4.ip_forward if it is off. That stays on, as with any Docker daemon:
    /// others may have come to need it.
    /// </summary>
    public bool Egress { get; init; } = true;

    /// <summary>
    /// Folders with further certificate authorities (PEM files) that the daemon trusts in registries.
    /// </summary>
    public IReadOnlyList<string> CertificateFolders { get; init; } = [];

    /// <summary>
    /// Added to dockerd's command line, for example <c>--registry-mirror=https://mirror.example.org</c>.
    /// </summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Environment.IsPrivilegedProcess)
            yield return new ValidationResult(
                "Machines:Provider dockerd makes bridges and starts daemons: the worker has to run as root.");
        foreach (var tool in Tools().Where(tool => Tool.Find(tool) is null))
            yield return new ValidationResult(
                $"Machines:Provider dockerd needs the program {tool}, which is not there: install it, "
                + "or set Machines:Dockerd:Binary or Machines:Dockerd:Egress.");
        if (!Subnet.TryParse(Subnets, out var range) || range.PrefixLength is < 8 or > 24)
            yield return new ValidationResult(
                $"Machines:Dockerd:Subnets must be an IPv4 range of /8 to /24, such as 10.212.0.0/16; "
                + $"it is \"{Subnets}\".");
        foreach (var folder in CertificateFolders.Where(folder => !Directory.Exists(folder)))
            yield return new ValidationResult(
                $"Machines:Dockerd:CertificateFolders names {folder}, which is no folder.");
    }

    private IEnumerable<string> Tools() =>
        [.. Always, Binary, .. Egress ? ["iptables-save", "iptables-restore"] : Array.Empty<string>()];
}
