using Builds.Worker.Machines;

namespace Builds.Worker.Sources;

/// <summary>
/// OpenSSH's client, which only sources that are reached by it need: a worker without it starts, and says so.
/// </summary>
internal sealed partial class SshProgram(ILogger<SshProgram> logger) : IHostedService
{
    public const string Name = "ssh";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (Tool.Find(Name) is null)
            Log.Missing(logger);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Another worker may have it, and so the build is given back.</summary>
    public static void Require(GitUrl url)
    {
        if (Tool.Find(Name) is null)
            throw new GitUnreachableException(
                $"{url} cannot be fetched: that needs the program ssh, which this worker lacks. Its operator has to "
                + "install it (package openssh-client).",
                oursToMend: true, isLasting: true);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The program ssh is not there: sources that are reached by SSH cannot be "
            + "fetched, and their builds are given back. Where there are such, install it (package openssh-client).")]
        public static partial void Missing(ILogger logger);
    }
}
