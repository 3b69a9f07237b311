using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Builds.Worker.Images;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Machines.Engine;

/// <summary>
/// A daemon that is there before and after: one build at a time, then its images and tags are put back.
/// </summary>
public sealed partial class EngineProvider(
    IOptions<MachineOptions> options, TimeProvider clock, ILogger<EngineProvider> logger) : IMachineProvider
{
    internal const string Word = "engine";
    private const string StateFile = "before.json";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly EngineOptions _options = options.Value.Engine;
    private readonly ConcurrentDictionary<string, FileStream> _locks = [];

    public string Name => Word;
    public int? MostAtOnce => 1;

    public async Task<DaemonEndpoint> CreateAsync(
        MachineFolder machine, Func<string, ValueTask> say, CancellationToken cancel)
    {
        machine.Write(machine.Intent with { Engine = _options.Address });
        var daemon = new DaemonEndpoint(_options.Address, _options.Certificates);
        if (!TryLock(machine.Name, _options.Address))
        {
            await say($"Waiting: another worker on this host uses {_options.Address}.");
            while (!TryLock(machine.Name, _options.Address))
                await Task.Delay(Pause, clock, cancel);
        }

        var limit = TimeSpan.FromSeconds(options.Value.ReadySeconds);
        await Readiness.WaitAsync(daemon, limit, Pause, () => null, clock, cancel);
        var before = await DaemonState.CaptureAsync(daemon, cancel);
        Durable.Write(machine.File(StateFile), JsonSerializer.SerializeToUtf8Bytes(before));
        await say($"Using {_options.Address}; what is built there is removed again");
        return daemon;
    }

    public async Task RemoveAsync(MachineFolder machine, CancellationToken cancel)
    {
        var address = machine.Intent.Engine;
        var state = machine.File(StateFile);
        if (address is not null && File.Exists(state)) // otherwise no build got as far as using it
        {
            if (!TryLock(machine.Name, address))
                throw new InvalidOperationException(
                    $"Another worker on this host uses {address}; what is left there is removed after that.");
            var before = JsonSerializer.Deserialize<DaemonState>(await File.ReadAllBytesAsync(state, cancel))!;
            foreach (var lost in await before.RestoreAsync(new DaemonEndpoint(address, _options.Certificates), cancel))
                Log.Lost(logger, machine.Name, address, lost);
        }

        if (_locks.TryRemove(machine.Name, out var held))
            await held.DisposeAsync();
    }

    // Held until what the build left is removed; the kernel gives it back if the worker dies.
    private bool TryLock(string machine, Uri address)
    {
        if (_locks.ContainsKey(machine))
            return true;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address.ToString())))[..16];
        var path = Path.Combine(_options.LockFolder, $"builds-engine-{hash}.lock");
        try
        {
            _locks[machine] = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "After machine {Machine} the daemon at {Address} lacks what it had before: {Lost}. "
                + "Somebody else removed it meanwhile")]
        public static partial void Lost(ILogger logger, string machine, Uri address, string lost);
    }
}
