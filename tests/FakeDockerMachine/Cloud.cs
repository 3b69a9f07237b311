using System.Diagnostics;
using System.Globalization;

namespace Builds.FakeDockerMachine;

/// <summary>
/// Where the VMs are: a folder that docker-machine knows nothing of. A VM is a Docker daemon with its own data, network
/// and processes, and lives on when the command that made it ends.
/// </summary>
internal sealed class Cloud(string path)
{
    private const string Interfaces = "/sys/class/net/";

    private const string Boot = """
        exec >>"$1/log" 2>&1 </dev/null
        mkdir -p /run/containerd && mount -t tmpfs -o mode=711 fake /run/containerd && shift && exec "$@"
        """;

    /// <returns>The VM's id. It is a folder here from the first moment on.</returns>
    public async Task<string> OrderAsync(Faults faults)
    {
        var id = "i-" + Guid.NewGuid().ToString("N")[..10];
        Directory.CreateDirectory(Folder(id));
        System.IO.File.AppendAllText(Path.Combine(path, "ordered"), id + "\n");
        Note(id, "faults", faults.ToString());
        var octet = await MakeBridgeAsync(id);
        Note(id, "gateway", $"10.211.{octet}.1");
        return id;
    }

    public async Task<int> StartAsync(string id, string certificates, IEnumerable<string> engineEnvironment)
    {
        var port = FreePort();
        var start = new ProcessStartInfo(
            "setsid",
            [
                "unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child", "--mount-proc",
                "sh", "-c", Boot, "vm", Folder(id), "dockerd",
                "--config-file", File(id, "daemon.json"), "--data-root", File(id, "data"),
                "--exec-root", "/run/containerd/docker", "--pidfile", "/run/containerd/docker.pid",
                "--bridge", Bridge(id), "--iptables=false", "--ip-masq=false", "--ip-forward=false",
                "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/" + id,
                "--host", $"tcp://127.0.0.1:{port}", "--tlsverify", "--tlscacert", Path.Combine(certificates, "ca.pem"),
                "--tlscert", Path.Combine(certificates, "server.pem"), "--tlskey", Path.Combine(certificates, "server-key.pem"),
            ]);
        start.Environment.Remove("MACHINE_STORAGE_PATH"); // a VM is no child of docker-machine's
        foreach (var setting in engineEnvironment.Select(setting => setting.Split('=', 2)))
            start.Environment[setting[0]] = setting[1];
        Note(id, "daemon.json", "{}");
        using var vm = Process.Start(start)!;
        Note(id, "pid", $"{vm.Id}");
        Note(id, "port", $"{port}");
        while (!vm.HasExited && !await AnswersAsync(port))
            await Task.Delay(20); // between two looks at the VM itself
        return port;
    }

    public Faults FaultsOf(string id) => new(Read(id, "faults"));

    public void Change(string id, Faults faults) => Note(id, "faults", faults.ToString());

    public async Task DestroyAsync(string id)
    {
        if (!Directory.Exists(Folder(id)))
            return;
        if (System.IO.File.Exists(File(id, "pid")))
        {
            var pid = Read(id, "pid");
            foreach (var child in Children(pid))
                await RunAsync("kill", "-KILL", child);
            while (Children(pid).Length > 0)
                await Task.Delay(5); // until the kernel has reaped them: it tells only their parent
        }

        foreach (var group in Directory.EnumerateDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup").Select(top => Path.Combine(top, id)))
            if (Directory.Exists(group))
                await RunAsync("find", group, "-depth", "-type", "d", "-delete");
        foreach (var link in Cables(id).Append(Bridge(id)).Where(link => Directory.Exists(Interfaces + link)))
            await RunAsync("ip", "link", "delete", link);
        await RunAsync("rm", "-rf", "--one-file-system", Folder(id));
    }

    private string Folder(string id) => Path.Combine(path, id);

    private string File(string id, string name) => Path.Combine(Folder(id), name);

    private void Note(string id, string name, string text) => System.IO.File.WriteAllText(File(id, name), text);

    private string Read(string id, string name) => System.IO.File.ReadAllText(File(id, name));

    private static string Bridge(string id) => "fdm" + id[2..];

    private static async Task<int> MakeBridgeAsync(string id)
    {
        await RunAsync("ip", "link", "add", Bridge(id), "type", "bridge");
        var octet = Random.Shared.Next(256);
        await RunAsync("ip", "address", "add", $"10.211.{octet}.1/24", "dev", Bridge(id));
        await RunAsync("ip", "link", "set", Bridge(id), "up");
        return octet;
    }

    private static string[] Children(string pid)
    {
        var file = $"/proc/{pid}/task/{pid}/children";
        return System.IO.File.Exists(file)
            ? System.IO.File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries)
            : [];
    }

    // A daemon that is killed while it connects a container leaves both ends of the cable on this host; Docker makes the
    // hardware address of the container's end of its IP address.
    private IEnumerable<string> Cables(string id)
    {
        if (!System.IO.File.Exists(File(id, "gateway")))
            return [];
        var subnet = Read(id, "gateway").Split('.')[..3].Select(part => $"{int.Parse(part, CultureInfo.InvariantCulture):x2}");
        var mark = $"02:42:{string.Join(':', subnet)}:";
        return [.. Directory.EnumerateFileSystemEntries(Interfaces).Select(path => Path.GetFileName(path)).Where(name =>
            Directory.Exists($"{Interfaces}{Bridge(id)}/brif/{name}") || AddressOf(name).StartsWith(mark, StringComparison.Ordinal))];
    }

    private static string AddressOf(string link)
    {
        try
        {
            return System.IO.File.ReadAllText($"{Interfaces}{link}/address");
        }
        catch (IOException)
        {
            return ""; // it went meanwhile
        }
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        using var client = new System.Net.Sockets.TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
    }
}
