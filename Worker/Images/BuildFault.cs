using System.Text.RegularExpressions;

namespace Builds.Worker.Images;

/// <summary>The machine's daemon is not what it should be; another machine may be.</summary>
public sealed class DaemonFaultException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Whose fault it is when a daemon says that a build failed: it has one kind of error for
/// everything.</summary>
internal static partial class BuildFault
{
    public static Exception Of(string error, string step)
    {
        if (ExitCode().Match(error) is { Success: true } code)
            return new BuildFailedException(
                $"\"{step}\" ended with exit code {code.Groups["code"].Value}; what it printed is at " +
                    "the end of the log.");

        var words = Words(error);
        return Service().IsMatch(error)
            ? new DaemonFaultException($"The machine could not build: {words}")
            : new BuildFailedException(step == "build" ? $"The build failed: {words}" : $"\"{step}\" failed: {words}");
    }

    /// <summary>Without what only says which part of the daemon speaks.</summary>
    public static string Words(string error) => Speaker().Replace(error, "");

    [GeneratedRegex(@"(exit code|non-zero code): (?<code>-?\d+)\s*\z")]
    private static partial Regex ExitCode();

    /// <summary>What no author can mend: no room, no way to a registry that was there a moment ago, a daemon that is
    /// going down.</summary>
    [GeneratedRegex(
        "no space left on device|failed to do request|failed to resolve source metadata|code = Unavailable|transport " +
        "is closing|graceful.?stop|context canceled")]
    private static partial Regex Service();

    [GeneratedRegex(
        @"\A(failed to solve( with frontend [^:\s]+)?: |failed to create LLB definition: |rpc error: " +
        @"code = \w+ desc = )+")]
    private static partial Regex Speaker();
}
