using System.Text.Json;
using System.Text.Json.Nodes;

namespace Builds.FakeDockerMachine;

/// <summary>
/// <c>MACHINE_STORAGE_PATH</c>: certs/, machines/NAME/, cache/. A machine exists when its folder does.
/// </summary>
internal sealed class Store(string path)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public string Certificates => Make("certs");

    public static Store FromEnvironment(string[] args)
    {
        var flag = Array.FindIndex(args, argument => argument is "-s" or "--storage-path");
        var path = flag >= 0 ? args[flag + 1] : Environment.GetEnvironmentVariable("MACHINE_STORAGE_PATH");
        return new Store(path ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker/machine"));
    }

    public static IEnumerable<string> WithoutGlobalFlags(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] is "-s" or "--storage-path")
                i++;
            else if (args[i] is "-D" or "--debug")
                continue;
            else
                return args[i..];
        }

        return [];
    }

    public string Machine(string name) => Path.Combine(path, "machines", name);

    public bool Exists(string name) => Directory.Exists(Machine(name));

    public IEnumerable<string> Names() =>
        Directory.EnumerateDirectories(Make("machines")).Select(machine => Path.GetFileName(machine)).Order();

    public string MakeMachine(string name)
    {
        Make("cache");
        return Make(Path.Combine("machines", name));
    }

    /// <summary>Written beside, the old one removed, renamed: with the gap that the real one has.</summary>
    public void Save(string name, JsonObject configuration)
    {
        var file = Path.Combine(Machine(name), "config.json");
        File.WriteAllText(file + ".tmp", configuration.ToJsonString(Indented));
        File.SetUnixFileMode(file + ".tmp", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Delete(file);
        File.Move(file + ".tmp", file);
    }

    /// <exception cref="JsonException">As with the real one, a broken file makes every call fail.</exception>
    public JsonObject Load(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Machine(name), "config.json")))!.AsObject();

    private string Make(string folder) =>
        Directory.CreateDirectory(
            Path.Combine(path, folder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
}
