namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// What a machine's daemon finds instead of runc: it lets the output of a RUN on to the daemon only as fast as it is
/// read here, see <see cref="Images.Pace"/>.
/// </summary>
internal static class PacedRunc
{
    public const string Runc = "runc";

    private const string Script = "Builds.Worker.Machines.Dockerd.paced-runc.pl";

    /// <returns>The pipe of its tokens, and the folder that comes first in the daemon's PATH.</returns>
    public static async Task<(string Tokens, string Programs)> WriteAsync(
        MachineFolder machine, CancellationToken cancel)
    {
        var runc = Tool.Find(Runc) ?? throw new InvalidOperationException(
            "The program runc is not in PATH any more, and without it no RUN runs: install it.");
        var folder = Path.GetFullPath(machine.Folder("paced"));
        File.CreateSymbolicLink(Path.Combine(folder, Runc), Path.GetFullPath(runc));
        var tokens = Path.Combine(folder, "tokens");
        await Tool.RunAsync("mkfifo", ["--mode=600", tokens], cancel);
        var programs = Directory.CreateDirectory(Path.Combine(folder, "programs")).FullName;
        await WriteScriptAsync(Path.Combine(programs, Runc), cancel);
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
