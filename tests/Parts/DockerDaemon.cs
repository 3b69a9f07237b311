using System.Net.Sockets;
using System.Text.Json;

namespace Builds.Parts;

public sealed record DockerDaemonOptions
{
    /// <summary>Off: the classic builder only, as with an old daemon.</summary>
    public bool BuildKit { get; init; } = true;

    /// <summary>Off: the daemon clips a step's output at 2 MiB, as it does by default.</summary>
    public bool Unclipped { get; init; } = true;

    /// <summary>Added to dockerd's command line.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
}

/// <summary>A Docker daemon of our own: data, bridge and sockets apart from every other on the machine.</summary>
public sealed class DockerDaemon : IAsyncDisposable
{
    private const string CleanUp = """
        for process in /proc/[0-9]*; do
            case $(readlink "$process/root") in "$FOLDER"/*) kill -KILL "${process#/proc/}" ;; esac
        done
        while read -r _ mount _; do
            case $mount in "$FOLDER"/*) echo "$mount" ;; esac
        done </proc/mounts | tac | while read -r mount; do umount -l "$mount"; done
        # one that was killed while it connected a container leaves both ends of the cable here
        for link in /sys/class/net/*; do
            name=${link##*/}
            if [ -e "/sys/class/net/$BRIDGE/brif/$name" ]; then ip link delete "$name"; fi
            case $(cat "$link/address") in "$CABLES":*) ip link delete "$name" ;; esac
        done
        ip link delete "$BRIDGE"
        """;

    private readonly TempFolder _folder = new("docker");
    private PartProcess? _process;

    private DockerDaemon()
    {
        Socket = new Uri("unix://" + _folder.FullPath + "/docker.sock");
        Http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync })
        {
            BaseAddress = new Uri("http://docker"),
            Timeout = TimeSpan.FromMinutes(10),
        };
    }

    /// <summary><c>unix:///…/docker.sock</c></summary>
    public Uri Socket { get; }

    /// <summary>Its API: <c>GetStringAsync("images/json")</c>.</summary>
    public HttpClient Http { get; }

    /// <summary>Its bridge and that bridge's address on this host.</summary>
    public Bridge Bridge { get; private set; } = null!;

    public int ProcessId => _process!.Id;

    public static async Task<DockerDaemon> StartAsync(DockerDaemonOptions? options = null)
    {
        var daemon = new DockerDaemon();
        try
        {
            await daemon.StartAsync(options ?? new DockerDaemonOptions(), Installed.Program("dockerd", "docker.io"));
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>The docker command against this daemon.</summary>
    public Task<string> DockerAsync(params string[] arguments) =>
        Command.RunAsync(
            Installed.Program("docker", "docker.io"),
            arguments,
            input: null,
            new Dictionary<string, string> { ["DOCKER_HOST"] = Socket.ToString(), ["DOCKER_CONFIG"] = _folder.Folder("client") });

    /// <summary>SIGKILL, as when its machine is lost.</summary>
    public Task KillAsync() => _process!.KillAsync();

    public Task StopAsync() => _process!.StopAsync();

    public Task FreezeAsync() => _process!.SignalAsync("STOP");

    public Task WakeAsync() => _process!.SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is not null)
            await _process.DisposeAsync();
        else if (Bridge is not null)
            await Command.RunAsync("ip", "link", "delete", Bridge.Name);
        _folder.Dispose();
    }

    private async Task StartAsync(DockerDaemonOptions options, string dockerd)
    {
        Bridge = await Bridge.CreateAsync();
        await File.WriteAllTextAsync(
            _folder.File("daemon.json"),
            JsonSerializer.Serialize(new { features = new { buildkit = options.BuildKit } }));
        var environment = new Dictionary<string, string>
        {
            ["FOLDER"] = _folder.FullPath,
            ["BRIDGE"] = Bridge.Name,
            ["CABLES"] = Bridge.Cables,
        };
        if (options.Unclipped)
        {
            environment["BUILDKIT_STEP_LOG_MAX_SIZE"] = "2147483647"; // parsed as 32 bit; -1 would mean "nothing"
            environment["BUILDKIT_STEP_LOG_MAX_SPEED"] = "2147483647";
        }

        _process = await PartProcess.StartAsync(
            "dockerd",
            _folder,
            [
                dockerd,
                "--host", Socket.ToString(),
                "--config-file", _folder.File("daemon.json"),
                "--data-root", _folder.FullPath + "/data",
                "--exec-root", _folder.FullPath + "/exec",
                "--pidfile", _folder.FullPath + "/docker.pid",
                "--bridge", Bridge.Name,
                "--iptables=false",
                "--ip-masq=false",
                .. options.Arguments,
            ],
            environment,
            CleanUp);
        await _process.ReadyAsync(async () => await Http.GetStringAsync(new Uri("_ping", UriKind.Relative)) == "OK");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket.LocalPath), cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
