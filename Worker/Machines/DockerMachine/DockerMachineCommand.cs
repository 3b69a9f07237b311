using System.Diagnostics;

namespace Builds.Worker.Machines.DockerMachine;

/// <summary>docker-machine with one machine's store.</summary>
internal sealed class DockerMachineCommand(string binary, DockerMachineStore store, MachineFolder machine)
{
    // Its own session and files instead of pipes: it must live on when the worker dies, because a VM whose creation
    // is cut short is known to nobody. $1 output, $2 errors.
    private const string Detached = """exec >"$1" 2>"$2" </dev/null && shift 2 && exec "$@" """;

    public string CreateOutput => machine.File("create.out");
    public string CreateErrors => machine.File("create.err");

    public Process StartCreate(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(
            "setsid",
            [
                "sh", "-c", Detached, "builds", CreateOutput, CreateErrors,
                binary, "create", .. arguments, machine.Name,
            ]);
        Environ(start.Environment);
        return Process.Start(start)!;
    }

    public Task<Tool.Ended> RunAsync(string[] arguments, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(binary, arguments);
        Environ(start.Environment);
        return Tool.EndAsync(start, cancel);
    }

    private void Environ(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.Where(name => name.Contains("__", StringComparison.Ordinal)).ToList())
            environment.Remove(name); // the worker's own settings, secrets among them; a driver's are named otherwise
        environment[DockerMachineStore.Variable] = store.FullPath;
        environment["MACHINE_BUGSNAG_API_TOKEN"] = "no-report"; // otherwise a failed create is reported to a stranger
    }
}
