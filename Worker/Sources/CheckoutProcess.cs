using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Builds.Worker.Sources;

/// <summary>
/// The running <c>Builds.Worker checkout</c>, in a session of its own and limited in memory and in the size of a file.
/// When it is disposed of, it and all it started are gone.
/// </summary>
internal sealed class CheckoutProcess : IAsyncDisposable
{
    private static readonly string[] Kept = ["PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "DOTNET_ROOT"];
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);
    private readonly Process _process;
    private readonly Task<string> _errors;

    private CheckoutProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
    }

    public static async Task<CheckoutProcess> StartAsync(CheckoutRequest request, CancellationToken cancel)
    {
        var process = Process.Start(Command(request.Folder, request.Options))
            ?? throw new InvalidOperationException("The checkout's process did not start.");
        var started = new CheckoutProcess(process);
        try
        {
            var json = JsonSerializer.Serialize(request, CheckoutJson.Default.CheckoutRequest);
            await process.StandardInput.WriteLineAsync(json.AsMemory(), cancel);
            await process.StandardInput.FlushAsync(cancel);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Null when it has nothing more to say.</summary>
    public async Task<CheckoutReport?> NextAsync(CancellationToken cancel) =>
        await _process.StandardOutput.ReadLineAsync(cancel) is { } line
            ? JsonSerializer.Deserialize(line, CheckoutJson.Default.CheckoutReport)
            : null;

    /// <summary>How it ended, where it did so without an answer.</summary>
    public async Task<(int Status, string Errors)> EndAsync(CancellationToken cancel)
    {
        using var inTime = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        inTime.CancelAfter(LastWords);
        try
        {
            await _process.WaitForExitAsync(inTime.Token);
            return (_process.ExitCode, GitText.Shown(await _errors.WaitAsync(inTime.Token), 1000));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (0, "it has closed its output and goes on");
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The group first, which has ssh in it; the process itself in case it was not yet in one.
        _ = Kill(-_process.Id, 9);
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static ProcessStartInfo Command(string folder, SourceOptions options)
    {
        var largest = Math.Max(options.MaxReceivedBytes, options.MaxFileBytes);
        var start = new ProcessStartInfo("prlimit",
        [
            "--core=0",
            Invariant($"--fsize={largest + (largest / 4) + (16 << 20)}"), // a pack's index is written beside it
            Invariant($"--data={options.MaxMemoryBytes}"), // not --as: .NET reserves far more than it uses
            "setsid", .. Self(), CheckoutCommand.Name,
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            WorkingDirectory = folder,
        };
        foreach (var name in start.Environment.Keys.Except(Kept).ToList())
            start.Environment.Remove(name);
        start.Environment["HOME"] = start.Environment["TMPDIR"] = folder;
        start.Environment["LANG"] = "C";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0"; // it lives for less than profiles take to pay
        start.Environment["DOTNET_GCHeapHardLimit"] = Invariant($"0x{options.MaxMemoryBytes / 4:x}");
        return start;
    }

    /// <summary>This program again, however it was started: by its name, by <c>dotnet</c> or from a test.</summary>
    private static string[] Self()
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        return File.Exists(dotnet)
            ? [dotnet, Path.Combine(AppContext.BaseDirectory, "Builds.Worker.dll")]
            : [Environment.ProcessPath!];
    }

    /// <param name="process">Negative = the group that it leads.</param>
    [DllImport("libc", EntryPoint = "kill")]
    internal static extern int Kill(int process, int signal);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
