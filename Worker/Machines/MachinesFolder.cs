namespace Builds.Worker.Machines;

/// <summary>
/// <c>machines/</c> in the worker's folder. One process at a time: that is what makes every machine of an earlier
/// process dead by definition.
/// </summary>
public sealed class MachinesFolder : IDisposable
{
    private readonly FileStream _lock;

    /// <param name="workerFolder"><c>Worker:Folder</c>, on a local disk.</param>
    public MachinesFolder(string workerFolder)
    {
        var worker = Path.GetFullPath(workerFolder);
        FullPath = Directory.CreateDirectory(Path.Combine(worker, "machines")).FullName;
        Durable.SyncFolder(worker);
        var file = Path.Combine(worker, "worker.lock");
        try
        {
            _lock = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException(
                $"Another worker process uses the folder {worker}: {file} is locked. "
                + "Stop it, or give each worker process a folder of its own by setting Worker:Folder.",
                e);
        }
    }

    public string FullPath { get; }

    public string PathOf(string name) => Path.Combine(FullPath, name);

    public IEnumerable<string> Names() =>
        Directory.EnumerateDirectories(FullPath).Select(path => Path.GetFileName(path));

    public void Dispose() => _lock.Dispose();
}
