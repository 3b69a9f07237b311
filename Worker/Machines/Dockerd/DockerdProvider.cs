using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Builds.Worker.Images;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>A private daemon on this host, thrown away with everything in it.</summary>
public sealed partial class DockerdProvider(
    IOptions<MachineOptions> options, TimeProvider clock, ILogger<DockerdProvider> logger) : IMachineProvider
{
    internal const string Word = "dockerd";
    private const int Ports = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly DockerdOptions _options = options.Value.Dockerd;

    public string Name => Word;
    public int? MostAtOnce => null;

    public async Task<DaemonEndpoint> CreateAsync(
        MachineFolder machine, Func<string, ValueTask> say, CancellationToken cancel)
    {
        var certificates = machine.Folder("certs");
        var signed = Task.Run(() => DockerdCertificates.Write(certificates, clock.GetUtcNow()), cancel);
        await File.WriteAllTextAsync(machine.File("daemon.json"), "{}", cancel);
        var network = await MakeNetworkAsync(machine, cancel);
        await say($"Network {network.Subnet} on bridge {network.Bridge}");
        if (_options.Egress)
            await OpenAsync(machine, network, cancel);
        var (tokens, programs) = await PacedRunc.WriteAsync(machine, cancel);
        await signed;

        for (var tries = 1; ; tries++)
        {
            var port = FreePort();
            await say($"Starting a Docker daemon on 127.0.0.1:{port}");
            var daemon = new DaemonEndpoint(new Uri($"tcp://127.0.0.1:{port}"), certificates)
            {
                Tokens = tokens,
            };
            var group = ControlGroups.Make(machine.Name);
            using var process = await DockerdProcess.StartAsync(machine, _options, group, port, programs);
            try
            {
                var limit = TimeSpan.FromSeconds(options.Value.ReadySeconds);
                await Readiness.WaitAsync(daemon, limit, Pause, () => Ended(process, machine), clock, cancel);
                return daemon;
            }
            catch (InvalidOperationException e) when (tries < Ports && IsPortTaken(e))
            {
                // somebody else was given it between our look and the daemon's
            }
        }
    }

    public async Task RemoveAsync(MachineFolder machine, CancellationToken cancel)
    {
        await ControlGroups.RemoveAsync(machine.Name, clock, cancel);
        if (machine.Intent.Network is { } network)
            await network.RemoveAsync(machine.Name, cancel);
    }

    private async Task<BuildNetwork> MakeNetworkAsync(MachineFolder machine, CancellationToken cancel)
    {
        foreach (var candidate in BuildNetwork.Candidates(_options.Subnets))
        {
            machine.Write(machine.Intent with { Network = candidate });
            if (await candidate.TryMakeAsync(cancel))
                return candidate;
        }

        throw new InvalidOperationException(
            $"No /24 of {_options.Subnets} is free on this host: "
            + "set Machines:Dockerd:Subnets to a larger or another range.");
    }

    private async Task OpenAsync(MachineFolder machine, BuildNetwork network, CancellationToken cancel)
    {
        if (await network.OpenAsync(machine.Name, cancel))
            Log.ForwardingSwitchedOn(logger, machine.Name);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string? Ended(Process process, MachineFolder machine)
    {
        if (!process.HasExited)
            return null;
        var log = machine.File("dockerd.log");
        var said = process.StandardError.ReadToEnd() + (File.Exists(log) ? File.ReadAllText(log) : "");
        return $"{_options.Binary} ended with {process.ExitCode} before it answered. "
            + $"The end of its log: {Tool.End(said)}";
    }

    private static bool IsPortTaken(InvalidOperationException e) =>
        e.Message.Contains("address already in use", StringComparison.Ordinal);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "net.ipv4.ip_forward was off and is switched on, "
                + "so that the builds of machine {Machine} reach the network. It stays on; "
                + "set it in sysctl.conf, or set Machines:Dockerd:Egress to false")]
        public static partial void ForwardingSwitchedOn(ILogger logger, string machine);
    }
}
