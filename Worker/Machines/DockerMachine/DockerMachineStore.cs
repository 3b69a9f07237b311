using System.Text;
using System.Text.Json;

namespace Builds.Worker.Machines.DockerMachine;

/// <summary>
/// docker-machine's folder for one machine alone: it knows no locks, and so no other machine's authority signs this
/// one's keys. It is kept until the VM is proven to be gone, because only it knows the VM.
/// </summary>
internal sealed class DockerMachineStore(MachineFolder machine)
{
    public const string Variable = "MACHINE_STORAGE_PATH";

    public string FullPath { get; } = machine.Folder("store");

    /// <summary>docker-machine's own notion of "exists": this folder.</summary>
    public string MachinePath => Path.Combine(FullPath, "machines", machine.Name);

    /// <summary>The machine's own copies; a driver that provisions nothing has only those of the store.</summary>
    public string Certificates =>
        File.Exists(Path.Combine(MachinePath, "cert.pem")) ? MachinePath : Path.Combine(FullPath, "certs");

    private string Configuration => Path.Combine(MachinePath, "config.json");
    private string Kept => machine.File("config.json.kept");

    /// <summary>
    /// Without its configuration docker-machine refuses to remove a VM, and it writes it with a gap in which there is
    /// none.
    /// </summary>
    public void Keep()
    {
        if (IsReadable(Configuration))
            Durable.Write(Kept, File.ReadAllBytes(Configuration));
    }

    /// <returns>Whether it was broken and could be mended.</returns>
    public bool Mend()
    {
        if (IsReadable(Configuration) || !File.Exists(Kept))
            return false;
        File.Copy(Kept, Configuration, overwrite: true);
        return true;
    }

    /// <summary>
    /// The docker-machine and driver processes that work on this machine, whoever started them: a worker that was
    /// killed leaves them behind, still making a VM. All of them have the store's path in their environment.
    /// </summary>
    public IEnumerable<Running> Processes()
    {
        var mark = Encoding.UTF8.GetBytes($"{Variable}={FullPath}\0");
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), out var id)
                && Read(folder, "environ").AsSpan().IndexOf(mark) >= 0)
                yield return new Running(id, CommandOf(folder) == "rm");
    }

    private static string? CommandOf(string process) =>
        Encoding.UTF8.GetString(Read(process, "cmdline")).Split('\0').ElementAtOrDefault(1);

    private static byte[] Read(string process, string file)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(process, file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // ended meanwhile, or not ours to see and so not ours
        }
    }

    private static bool IsReadable(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return true;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return false;
        }
    }

    internal sealed record Running(int Id, bool IsRemoving);
}
