using System.Diagnostics;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// dockerd, its containerd, and every container of theirs in process and mount namespaces of their own: the kernel ends
/// all of them when the first one ends, mounts and network namespaces with them, and the first one when the worker
/// ends.
/// </summary>
internal static class DockerdProcess
{
    // Inside the namespaces: into the machine's control group, and a /run/containerd of its own, where containerd's
    // shims put their sockets whatever the daemon's own folders are. $1 the group, $2 the log.
    private const string Inside = """
        exec >>"$2" 2>&1 </dev/null
        echo 0 >"$1" && mkdir -p /run/containerd && mount -t tmpfs -o mode=711 builds /run/containerd || exit
        shift 2 && exec "$@"
        """;

    private static readonly string[] Passed =
    [
        "PATH", "SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    ];

    /// <param name="programs">Folder that comes first in the daemon's PATH.</param>
    public static Task<Process> StartAsync(
        MachineFolder machine, DockerdOptions options, string group, int port, string programs)
    {
        var start = new ProcessStartInfo(
            "setpriv",
            [
                "--pdeathsig", "KILL",
                "unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child", "--mount-proc",
                "sh", "-c", Inside, "builds", group, machine.File("dockerd.log"),
                .. Arguments(machine, options, port),
            ])
        {
            RedirectStandardError = true, // what the namespaces' programs have to say; the daemon's goes into its log
        };
        Environ(start.Environment, options);
        start.Environment["PATH"] = $"{programs}:{start.Environment["PATH"]}";
        return LastingThread.RunAsync(() => Process.Start(start)!);
    }

    private static IEnumerable<string> Arguments(MachineFolder machine, DockerdOptions options, int port)
    {
        var certificates = machine.Folder("certs");
        return
        [
            options.Binary,
            "--config-file", machine.File("daemon.json"), // not the host's own
            "--data-root", machine.File("data"),
            "--exec-root", "/run/containerd/docker", // in the private one: short enough for sockets, gone with it
            "--pidfile", "/run/containerd/docker.pid",
            "--host", $"tcp://127.0.0.1:{port}",
            "--tlsverify",
            "--tlscacert", Path.Combine(certificates, "ca.pem"),
            "--tlscert", Path.Combine(certificates, "server.pem"),
            "--tlskey", Path.Combine(certificates, "server-key.pem"),
            "--bridge", machine.Intent.Network!.Bridge,
            "--iptables=false", "--ip-masq=false", "--ip-forward=false",
            "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/" + machine.Name,
            .. options.Arguments,
        ];
    }

    // The worker's own environment may hold secrets.
    private static void Environ(IDictionary<string, string?> environment, DockerdOptions options)
    {
        foreach (var name in environment.Keys.Except(Passed).ToList())
            environment.Remove(name);
        environment["HOME"] = "/root";
        environment["BUILDKIT_STEP_LOG_MAX_SIZE"] = "2147483647"; // parsed as 32 bit
        environment["BUILDKIT_STEP_LOG_MAX_SPEED"] = "2147483647";
        if (options.CertificateFolders.Count > 0) // named alone they would replace the system's
            environment["SSL_CERT_DIR"] = string.Join(
                ':', options.CertificateFolders.Select(Path.GetFullPath).Prepend("/etc/ssl/certs"));
    }
}
