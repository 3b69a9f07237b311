namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// What a machine's daemon finds instead of runc: it lets the output of a RUN on to the daemon only as fast as it is
/// read here, see <see cref="Images.Pace"/>.
/// </summary>
internal static class PacedRunc
{
    private const string Script = "Builds.Worker.Machines.Dockerd.paced-runc.pl";

    /// <returns>The pipe of its tokens, and the folder that comes first in the daemon's PATH; null where there is no
    /// runc, and so nothing that builds.</returns>
    public static async Task<(string Tokens, string Programs)?> WriteAsync(
        MachineFolder machine, CancellationToken cancel)
    {
        if (Tool.Find("runc") is not { } runc)
            return null;
        var folder = Path.GetFullPath(machine.Folder("paced"));
        File.CreateSymbolicLink(Path.Combine(folder, "runc"), Path.GetFullPath(runc));
        var tokens = Path.Combine(folder, "tokens");
        await Tool.RunAsync("mkfifo", ["--mode=600", tokens], cancel);
        var programs = Directory.CreateDirectory(Path.Combine(folder, "programs")).FullName;
        await WriteScriptAsync(Path.Combine(programs, "runc"), cancel);
        return (tokens, programs);
    }

    private static async Task WriteScriptAsync(string path, CancellationToken cancel)
    {
        await using var script = typeof(PacedRunc).Assembly.GetManifestResourceStream(Script)!;
#pragma warning disable CA1416 // a worker runs on Linux
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
        });
#pragma warning restore CA1416
        await script.CopyToAsync(file, cancel);
    }
}
