using System.Diagnostics;
using System.Text;

namespace Builds.Worker.Sources;

/// <summary><c>git-upload-pack</c> behind the standard streams of a program.</summary>
internal class ProcessGitServer(
    GitUrl url, CheckoutMeter meter, Func<CancellationToken, Task<ProcessStartInfo>> command) : GitServer
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);
    private const int MaxErrors = 8 * 1024;

    /// <summary>git's own words, and those of the forges.</summary>
    private static readonly string[] NotThere =
    [
        "not appear to be a git repository", "No such file", "not found", "could not be found", "cannot find",
        "does not exist", "access denied",
    ];

    private Process? _process;
    private Task<string> _errors = Task.FromResult("");
    private Stream _output = Stream.Null;

    protected GitUrl Url { get; } = url;

    public override async Task<Stream> RefsAsync(CancellationToken cancel)
    {
        var start = await command(cancel);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        _errors = ReadErrorsAsync(_process.StandardError.BaseStream);
        _output = new BufferedStream(new MeteredStream(_process.StandardOutput.BaseStream, meter), 1 << 16);
        return _output;
    }

    public override async Task<Stream> AnswerAsync(string request, CancellationToken cancel)
    {
        await _process!.StandardInput.BaseStream.WriteAsync(Encoding.ASCII.GetBytes(request), cancel);
        await _process.StandardInput.BaseStream.FlushAsync(cancel);
        return _output;
    }

    public override async Task<Exception> WhyAsync(Exception ended, CancellationToken cancel)
    {
        using var inTime = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        inTime.CancelAfter(LastWords);
        try
        {
            var errors = GitText.Shown(await _errors.WaitAsync(inTime.Token), 600)
                .Replace(Environment.CurrentDirectory, "", StringComparison.Ordinal);
            return Explain(errors)
                ?? GitHosts.Unreachable(Url, errors.Length > 0 ? errors.TrimEnd('.') : "it ended without a word");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return GitHosts.Unreachable(Url, "it stopped in the middle");
        }
    }

    /// <summary>What the program printed as an error, in our words; null where we have none.</summary>
    protected virtual Exception? Explain(string errors) => Says(errors, NotThere)
        ? new BuildFailedException(
            $"There is no repository at {Url}, or not for these credentials ({errors}); correct the URL.")
        : null;

    protected static bool Says(string errors, params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (errors.Contains(word, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    public override async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>To the end, so that it never blocks, but keeping only the last of it.</summary>
    private static async Task<string> ReadErrorsAsync(Stream errors)
    {
        var kept = new byte[MaxErrors];
        var (buffer, length) = (new byte[MaxErrors], 0);
        while (await errors.ReadAsync(buffer) is var read and > 0)
        {
            var stays = Math.Min(length, MaxErrors - read);
            kept.AsSpan(length - stays, stays).CopyTo(kept);
            buffer.AsSpan(0, read).CopyTo(kept.AsSpan(stays));
            length = stays + read;
        }
        return Encoding.UTF8.GetString(kept, 0, length);
    }
}

/// <summary>A repository on this machine, through the git that is installed here.</summary>
internal static class FileUploadPack
{
    public static Func<CancellationToken, Task<ProcessStartInfo>> StartInfo(GitUrl url) => _ =>
    {
        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", "upload-pack", url.Path]);
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        return Task.FromResult(start);
    };
}
