using Builds.Parts;

namespace Builds.Worker.Tests.Machines;

/// <summary>Where the fake docker-machine's VMs are, as their provider knows it, whatever docker-machine believes.</summary>
public sealed class FakeCloud : IAsyncDisposable
{
    private readonly TempFolder _folder = new("cloud");

    public static string Binary => ServiceProcess.Built("FakeDockerMachine", "docker-machine");

    public string FullPath => _folder.FullPath;

    /// <summary>How many VMs were ever ordered.</summary>
    public int Ordered => File.Exists(_folder.File("vms", "ordered")) ? File.ReadAllLines(_folder.File("vms", "ordered")).Length : 0;

    public string[] VMs() => [.. Directory.GetDirectories(_folder.Folder("vms")).Select(path => Path.GetFileName(path))];

    /// <summary>The folders of the worker's machines.</summary>
    public string[] Machines() => Directory.GetDirectories(_folder.Folder("worker", "machines"));

    public (string Name, string Value)[] Settings(string fault = "none") =>
    [
        ("Provider", "docker-machine"), ("MoreTries", "0"), ("LongestSweepPauseSeconds", "1"),
        ("DockerMachine:Binary", Binary), ("DockerMachine:Driver", "fake"),
        ("DockerMachine:CreateOptions:0", "--fake-cloud"), ("DockerMachine:CreateOptions:1", _folder.Folder("vms")),
        ("DockerMachine:CreateOptions:2", "--fake-fault"), ("DockerMachine:CreateOptions:3", fault),
    ];

    public MachineWorker Worker(string fault = "none", params (string Name, string Value)[] settings) =>
        new(_folder.Folder("worker"), [.. Settings(fault), .. settings]);

    /// <summary>A test that failed may have left VMs; their store knows them no more, so they are destroyed from here.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var vm in VMs())
            await Command.RunAsync(Binary, "fake-destroy", _folder.Folder("vms"), vm);
        _folder.Dispose();
    }
}
