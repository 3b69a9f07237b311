using System.ComponentModel.DataAnnotations;
using Builds.Worker.Machines;

namespace Builds.Worker.Sources;

/// <summary>
/// The <c>Sources</c> section of configuration: where git may be fetched from, and how much of it. A limit that is
/// reached fails the build with a sentence that names it.
/// </summary>
public sealed class SourceOptions : IValidatableObject
{
    private const string Second = "00:00:01";
    private const string Day = "1.00:00:00";

    /// <summary>What each checkout starts, and where they come from.</summary>
    private static readonly (string Program, string Package)[] Programs =
        [("prlimit", "util-linux"), ("setsid", "util-linux")];

    /// <summary>
    /// Hosts, or <c>host:port</c>, that may be fetched from although they are, or resolve to, addresses that are not
    /// public. Everything public is allowed.
    /// </summary>
    public string[] AllowedHosts { get; init; } = [];

    /// <summary>
    /// Allow <c>file:///…</c>: whoever may define an image can then read every repository on this machine.
    /// </summary>
    public bool AllowFile { get; init; }

    /// <summary>For the whole checkout with its submodules.</summary>
    [Range(typeof(TimeSpan), Second, Day)]
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>For how long nothing may be received or written.</summary>
    [Range(typeof(TimeSpan), Second, Day)]
    public TimeSpan IdleLimit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How often a server that cannot be reached is tried again.</summary>
    [Range(0, 10)]
    public int Retries { get; init; } = 3;

    /// <summary>Before the first of those; doubles each time.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From the network, compressed, with all submodules and retries.</summary>
    [Range(1L << 10, 1L << 50)]
    public long MaxReceivedBytes { get; init; } = 2L << 30;

    /// <summary>Of all files of the checkout together, submodules included.</summary>
    [Range(1L << 10, 1L << 50)]
    public long MaxWrittenBytes { get; init; } = 4L << 30;

    /// <summary>Of one file; it is held in memory while it is written, see <see cref="MaxMemoryBytes"/>.</summary>
    [Range(1L << 10, 1L << 40)]
    public long MaxFileBytes { get; init; } = 512L << 20;

    /// <summary>Files, links and folders of the checkout together.</summary>
    [Range(1, 10_000_000)]
    public int MaxFiles { get; init; } = 250_000;

    /// <summary>Of the checkout's process.</summary>
    [Range(512L << 20, 1L << 40)]
    public long MaxMemoryBytes { get; init; } = 2L << 30;

    /// <summary>Submodules of submodules; 1 = only those of the repository itself.</summary>
    [Range(1, 20)]
    public int MaxSubmoduleDepth { get; init; } = 5;

    [Range(1, 10_000)]
    public int MaxSubmodules { get; init; } = 100;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (program, package) in AllowFile ? Programs.Append(("git", "git")) : Programs)
            if (Tool.Find(program) is null)
                yield return new ValidationResult(
                    $"Fetching sources needs the program {program}, which is not there: install it (package {package})"
                    + (program == "git" ? ", or set Sources:AllowFile to false." : "."));
    }
}
