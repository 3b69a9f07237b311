using System.Diagnostics;

namespace Builds.Worker.Machines;

/// <summary>A program of the host, run to its end: an argument list, never a shell's line.</summary>
internal static class Tool
{
    private const int Shown = 20;

    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It ended with another code than 0; the message ends with what it
    /// printed.</exception>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancel, string? input = null)
    {
        var start = new ProcessStartInfo(program, arguments);
        var ended = await EndAsync(start, cancel, input);
        return ended.Code == 0
            ? ended.Output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', start.ArgumentList)} ended with {ended.Code}: "
                + End(ended.Errors + ended.Output));
    }

    /// <summary>Whatever its exit code. When cancelled it is killed, and what it started with it.</summary>
    public static async Task<Ended> EndAsync(ProcessStartInfo start, CancellationToken cancel, string? input = null)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancel);
            var errors = process.StandardError.ReadToEndAsync(cancel);
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), cancel);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancel);
            return new Ended(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Where a program is, by its path or in PATH; null if it is not there.</summary>
    public static string? Find(string program) =>
        program.Contains('/')
            ? (File.Exists(program) ? Path.GetFullPath(program) : null)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(folder, program))
                .FirstOrDefault(File.Exists);

    /// <summary>The last lines of an output: where a program says why it gave up.</summary>
    public static string End(string output) =>
        string.Join(
            '\n',
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(Shown));

    internal sealed record Ended(int Code, string Output, string Errors);
}
