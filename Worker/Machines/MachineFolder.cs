using System.Text.Json;

namespace Builds.Worker.Machines;

/// <summary>One machine's folder: its intent and whatever its provider keeps there. It is deleted last.</summary>
public sealed class MachineFolder
{
    private const string IntentFile = "intent.json";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private MachineFolder(string path, MachineIntent intent) => (FullPath, Intent) = (path, intent);

    public string FullPath { get; }
    public MachineIntent Intent { get; private set; }
    public string Name => Intent.Name;

    public string File(string name) => Path.Combine(FullPath, name);

    /// <summary>A folder in it that nobody else may read.</summary>
    public string Folder(string name)
    {
#pragma warning disable CA1416 // a worker runs on Linux
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        return Directory.CreateDirectory(Path.Combine(FullPath, name), Owner).FullName;
#pragma warning restore CA1416
    }

    /// <summary>On disk when it returns.</summary>
    public void Write(MachineIntent intent)
    {
        Durable.Write(File(IntentFile), JsonSerializer.SerializeToUtf8Bytes(intent, Json));
        Intent = intent;
    }

    internal static MachineFolder Make(string path, MachineIntent intent)
    {
        Directory.CreateDirectory(path);
        Durable.SyncFolder(Path.GetDirectoryName(path)!);
        var folder = new MachineFolder(path, intent);
        folder.Write(intent);
        return folder;
    }

    /// <returns>Null when no intent was written, and so nothing made, or when only the deletion was cut
    /// short.</returns>
    internal static MachineFolder? Open(string path)
    {
        var intent = Path.Combine(path, IntentFile);
        if (!System.IO.File.Exists(intent))
            return null;
        var read = JsonSerializer.Deserialize<MachineIntent>(System.IO.File.ReadAllBytes(intent), Json)!;
        return new MachineFolder(path, read);
    }

    /// <summary>
    /// By <c>rm</c>, because a build may have made file names that are no UTF-8; and not into other file systems,
    /// because whatever is mounted there is not ours to empty.
    /// </summary>
    internal static Task DeleteAsync(string path, CancellationToken cancel) =>
        Tool.RunAsync("rm", ["-rf", "--one-file-system", "--", path], cancel);
}
