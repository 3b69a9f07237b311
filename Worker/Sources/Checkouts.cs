using Builds.Contracts;
using Microsoft.Extensions.Options;

#pragma warning disable CA1416 // a worker runs on Linux

namespace Builds.Worker.Sources;

/// <summary>
/// Brings a commit's files to this machine, by a child process that is killed when it takes too long, says nothing for
/// too long, or is no longer wanted.
/// </summary>
public sealed partial class Checkouts(IOptions<SourceOptions> options, ILogger<Checkouts> log)
{
    private const int Aborted = 128 + 6, Killed = 128 + 9, FileTooLarge = 128 + 25;

    /// <summary>Removes what an earlier process of this worker left behind.</summary>
    /// <param name="folder">That all its checkouts are in.</param>
    public static void RemoveRemains(string folder) => Wipe.Folder(folder);

    /// <param name="folder">Of this checkout alone; made here, and wiped whatever happens.</param>
    /// <param name="say">Takes a line for the build's log.</param>
    /// <exception cref="BuildFailedException">The source cannot be had as it was asked for.</exception>
    public async Task<Checkout> CreateAsync(
        string folder,
        GitSource source,
        GitCredential? credential,
        Func<string, ValueTask> say,
        CancellationToken cancel)
    {
        _ = CheckoutWork.Url(source, options.Value);
        var root = Path.GetFullPath(folder);
        try
        {
            Wipe.Folder(root);
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var request = new CheckoutRequest
            {
                Folder = root,
                Source = source,
                Credential = credential,
                Options = options.Value,
            };
            var commit = await RunAsync(request, say, cancel);
            return new Checkout(root, commit);
        }
        catch
        {
            await Task.Run(() => Wipe.Folder(root), CancellationToken.None);
            throw;
        }
    }

    private async Task<string> RunAsync(CheckoutRequest request, Func<string, ValueTask> say, CancellationToken cancel)
    {
        using var idle = new CancellationTokenSource();
        using var total = new CancellationTokenSource(options.Value.TimeLimit);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(cancel, idle.Token, total.Token);
        await using var process = await CheckoutProcess.StartAsync(request, cancel);
        try
        {
            while (true)
            {
                idle.CancelAfter(options.Value.IdleLimit);
                var report = await process.NextAsync(any.Token);
                idle.CancelAfter(Timeout.InfiniteTimeSpan);
                switch (report)
                {
                    case null:
                        throw await EndedAsync(process, request, cancel);
                    case { Commit: { } commit }:
                        return commit;
                    case { Failure: { } failure, Class: { } whose }:
                        throw new BuildFailedException(failure, whose);
                    case { Failure: { } failure }:
                        throw new IOException(failure);
                    case { Say: { } line }:
                        await say(line);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested && total.IsCancellationRequested)
        {
            throw TooLong($"was not fetched within {Spoken(options.Value.TimeLimit)}", nameof(SourceOptions.TimeLimit));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested && idle.IsCancellationRequested)
        {
            throw TooLong($"has sent nothing for {Spoken(options.Value.IdleLimit)}", nameof(SourceOptions.IdleLimit));
        }

        BuildFailedException TooLong(string what, string setting) => new(
            $"The git repository {Shown(request)} {what}; see whether its server is well, or ask the operator for a "
            + $"longer limit (Sources:{setting}).",
            FailureClass.Limit);
    }

    private async Task<Exception> EndedAsync(CheckoutProcess process, CheckoutRequest request, CancellationToken cancel)
    {
        var (status, errors) = await process.EndAsync(cancel);
        Log.Ended(log, Shown(request), status, errors);
        return status switch
        {
            FileTooLarge => new BuildFailedException(
                $"The repository {Shown(request)} has a file larger than the limits here (Sources:MaxReceivedBytes, "
                + "Sources:MaxFileBytes).",
                FailureClass.Limit),
            Aborted or Killed => new BuildFailedException(
                $"Checking out {Shown(request)} takes more memory than {GitText.Size(options.Value.MaxMemoryBytes)}, "
                + "the limit here; its objects are too large (Sources:MaxMemoryBytes).",
                FailureClass.Limit),
            _ => new InvalidOperationException($"The checkout's process ended with status {status}: {errors}"),
        };
    }

    private static string Shown(CheckoutRequest request) =>
        GitUrl.TryParse(request.Source.Git, true, out var url, out _) ? url.ToString() : "";

    private static string Spoken(TimeSpan time) =>
        time.TotalMinutes >= 2 ? $"{time.TotalMinutes:0} minutes" : $"{time.TotalSeconds:0.#} s";

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "checking out {Url} ended with status {Status} and no answer: {Errors}")]
        public static partial void Ended(ILogger logger, string url, int status, string errors);
    }
}
