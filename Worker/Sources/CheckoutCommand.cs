using System.Text.Json;
using Builds.Contracts;
using LibGit2Sharp;
using Microsoft.Win32.SafeHandles;

namespace Builds.Worker.Sources;

/// <summary>
/// <c>Builds.Worker checkout</c>: the other half of <see cref="Checkouts"/>, in a process of its own that can be
/// limited and killed. Reads a <see cref="CheckoutRequest"/>, writes <see cref="CheckoutReport"/>s.
/// </summary>
public static class CheckoutCommand
{
    public const string Name = "checkout";

    private static readonly ConfigurationLevel[] Levels =
        [ConfigurationLevel.System, ConfigurationLevel.Global, ConfigurationLevel.Xdg];

    public static async Task<int> RunAsync(CancellationToken cancel)
    {
        await using var output = Standard(1, FileAccess.Write);
        using var input = new StreamReader(Standard(0, FileAccess.Read));
        var report = new object();
        void Report(CheckoutReport line)
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(line, CheckoutJson.Default.CheckoutReport);
            lock (report)
            {
                output.Write([.. json, (byte)'\n']);
                output.Flush();
            }
        }

        if (await input.ReadLineAsync(cancel) is not { } asked
            || JsonSerializer.Deserialize(asked, CheckoutJson.Default.CheckoutRequest) is not { } request)
            return 2;
        new Thread(() => DieWithTheWorker(input)) { IsBackground = true }.Start();
        Report(await AnswerAsync(request, Report, cancel));
        return 0;
    }

    private static async Task<CheckoutReport> AnswerAsync(
        CheckoutRequest request, Action<CheckoutReport> report, CancellationToken cancel)
    {
        try
        {
            // Nobody's configuration but git's own: no insteadOf, no proxy, no filter.
            foreach (var level in Levels)
                GlobalSettings.SetConfigSearchPaths(level, request.Folder);
            var commit = await new CheckoutWork(request, new CheckoutMeter(request.Options, report)).RunAsync(cancel);
            return new CheckoutReport { Commit = commit };
        }
        catch (BuildFailedException failure)
        {
            return new CheckoutReport { Failure = failure.Message, Class = failure.Class };
        }
        catch (GitUnreachableException ours)
        {
            return new CheckoutReport { Failure = ours.Message };
        }
        catch (Exception fault) when (GitText.IsOutOfMemory(fault))
        {
            return new CheckoutReport
            {
                Failure = "An object of the repository does not fit into the "
                    + $"{GitText.Size(request.Options.MaxMemoryBytes)} of memory that a checkout may take; make it "
                    + "smaller, or ask the operator for more (Sources:MaxMemoryBytes).",
                Class = FailureClass.Limit,
            };
        }
        catch (Exception fault)
        {
            // The worker shall see what it was, and not only that this process has ended.
            return new CheckoutReport { Failure = fault.ToString() };
        }
    }

    /// <summary>The worker holds the other end of our input for as long as it lives and wants us to.</summary>
    private static void DieWithTheWorker(StreamReader input)
    {
        input.Read();
        _ = CheckoutProcess.Kill(-Environment.ProcessId, 9);
        Environment.Exit(3);
    }

    private static FileStream Standard(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
}
