using System.Diagnostics;
using Builds.Worker.Images;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Machines.DockerMachine;

/// <summary>
/// A VM by docker-machine, of which no more is used than create, url and rm. Its exit codes are not believed: whether
/// a machine exists is looked up in its store.
/// </summary>
public sealed partial class DockerMachineProvider(
    IOptions<MachineOptions> options, TimeProvider clock, ILogger<DockerMachineProvider> logger) : IMachineProvider
{
    internal const string Word = "docker-machine";
    private const int PreCreateCheckFailed = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly MachineOptions _limits = options.Value;
    private readonly DockerMachineOptions _options = options.Value.DockerMachine;

    public string Name => Word;
    public int? MostAtOnce => null;

    public async Task<DaemonEndpoint> CreateAsync(
        MachineFolder machine, Func<string, ValueTask> say, CancellationToken cancel)
    {
        var store = new DockerMachineStore(machine);
        var command = new DockerMachineCommand(_options.Binary, store, machine);

        using (var create = command.StartCreate(CreateArguments(machine)))
        {
            // cancelled, the command goes on, and RemoveAsync waits for it
            await FollowAsync(create, command.CreateOutput, say, cancel);
            ThrowUnlessCreated(create.ExitCode, command, store);
        }

        store.Keep();
        var daemon = new DaemonEndpoint(await AddressAsync(command, machine, cancel), store.Certificates);
        await say($"Waiting for the Docker daemon at {daemon.Address}");
        await Readiness.WaitAsync(
            daemon, TimeSpan.FromSeconds(_limits.ReadySeconds), Pause, () => null, clock, cancel);
        return daemon;
    }

    public async Task RemoveAsync(MachineFolder machine, CancellationToken cancel)
    {
        var store = new DockerMachineStore(machine);
        await LetCreateEndAsync(machine, store, cancel);
        if (!Directory.Exists(store.MachinePath))
            return; // its configuration is written before its VM is made

        var command = new DockerMachineCommand(_options.Binary, store, machine);
        var ended = await command.RunAsync(["rm", "-y", machine.Name], cancel);
        if (Directory.Exists(store.MachinePath) && store.Mend())
        {
            Log.Mended(logger, machine.Name);
            ended = await command.RunAsync(["rm", "-y", machine.Name], cancel);
        }

        if (Directory.Exists(store.MachinePath))
            throw new InvalidOperationException(
                $"{_options.Binary} rm -y {machine.Name} ended with {ended.Code} "
                + $"and the machine is still in {store.FullPath}. "
                + $"It said: {Tool.End(ended.Output + ended.Errors)}");
    }

    private IEnumerable<string> CreateArguments(MachineFolder machine) =>
    [
        "-d", _options.Driver,
        .. _options.CreateOptions.Select(option => option
            .Replace("{name}", machine.Name, StringComparison.Ordinal)
            .Replace("{build}", machine.Intent.BuildId.ToString(), StringComparison.Ordinal)),
        "--engine-env", "BUILDKIT_STEP_LOG_MAX_SIZE=2147483647", // parsed as 32 bit
        "--engine-env", "BUILDKIT_STEP_LOG_MAX_SPEED=2147483647",
    ];

    private async Task FollowAsync(Process create, string output, Func<string, ValueTask> say, CancellationToken cancel)
    {
        using var lines = new LineTail(output);
        var ended = create.WaitForExitAsync(cancel);
        while (await Task.WhenAny(ended, Task.Delay(Pause, clock, cancel)) != ended)
            await SayAsync();
        await ended;
        await SayAsync();

        async Task SayAsync()
        {
            foreach (var line in lines.Next())
                await say(line);
        }
    }

    private void ThrowUnlessCreated(int code, DockerMachineCommand command, DockerMachineStore store)
    {
        if (code == 0 && Directory.Exists(store.MachinePath))
            return;
        var said = Tool.End(File.ReadAllText(command.CreateOutput) + File.ReadAllText(command.CreateErrors));
        throw new InvalidOperationException(code switch
        {
            0 => $"{_options.Binary} create ended with 0 and made nothing; "
                + $"see whether it knows all of Machines:DockerMachine:CreateOptions. It said: {said}",
            PreCreateCheckFailed => $"{_options.Binary} made nothing, because a check before it failed: "
                + $"see that the driver {_options.Driver} is set up on this host, "
                + $"and its credentials and Machines:DockerMachine:CreateOptions are right. It said: {said}",
            _ => $"{_options.Binary} create -d {_options.Driver} ended with {code}. It said: {said}",
        });
    }

    private async Task<Uri> AddressAsync(DockerMachineCommand command, MachineFolder machine, CancellationToken cancel)
    {
        var url = await command.RunAsync(["url", machine.Name], cancel);
        return url.Code == 0 && Uri.TryCreate(url.Output.Trim(), UriKind.Absolute, out var address)
            ? address
            : throw new InvalidOperationException(
                $"{_options.Binary} url {machine.Name} ended with {url.Code} and named no address. "
                + $"It said: {Tool.End(url.Output + url.Errors)}");
    }

    // A VM that is still being made cannot be removed, and would stay for ever if the making were cut short: the id
    // of a VM is known on disk only after it was made. So it is waited for, and ended only when its own long time is
    // over. A removal that a killed worker left behind is ended at once: it is repeated here.
    private async Task LetCreateEndAsync(MachineFolder machine, DockerMachineStore store, CancellationToken cancel)
    {
        var until = machine.Intent.CreatedAt + TimeSpan.FromSeconds(_limits.CreateSeconds);
        while (store.Processes().ToList() is { Count: > 0 } running)
        {
            var late = clock.GetUtcNow() > until;
            if (late)
                Log.CreateEnded(logger, machine.Name, _limits.CreateSeconds);
            foreach (var process in running.Where(one => late || one.IsRemoving))
                Kill(process.Id);
            await Task.Delay(Pause, clock, cancel);
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // gone already
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The creation of machine {Machine} did not end within {Seconds} s and is ended. "
                + "If the driver had ordered a VM and not noted it yet, "
                + "that VM is known to the provider alone: look there for the machine's name")]
        public static partial void CreateEnded(ILogger logger, string machine, int seconds);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The configuration of machine {Machine} was broken; the copy of when it was new is put back")]
        public static partial void Mended(ILogger logger, string machine);
    }
}
