using System.Diagnostics;

namespace Builds.Parts;

/// <summary>A program run to its end.</summary>
public static class Command
{
    /// <returns>What it printed to standard output, without the last line end.</returns>
    /// <exception cref="PartException">It ended with another code than 0; the message holds what it printed.</exception>
    public static Task<string> RunAsync(string program, params string[] arguments) =>
        RunAsync(program, arguments, input: null, environment: null);

    public static async Task<string> RunAsync(
        string program,
        IEnumerable<string> arguments,
        ReadOnlyMemory<byte>? input,
        IReadOnlyDictionary<string, string>? environment,
        CancellationToken cancel = default)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        using var process = Process.Start(start)
            ?? throw new PartException($"{program} did not start");
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        if (input is not null)
            await process.StandardInput.BaseStream.WriteAsync(input.Value, cancel);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancel);

        return process.ExitCode == 0
            ? (await output).TrimEnd('\n')
            : throw new PartException(
                $"{program} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}: {await errors}{await output}");
    }
}
