namespace Builds.Parts;

/// <summary>A fresh folder under the system's temporary folder, gone when disposed.</summary>
public sealed class TempFolder : IDisposable
{
    public TempFolder(string name = "x")
    {
        // short: sockets live in it, and their paths have 107 characters
        FullPath = Path.Combine(Path.GetTempPath(), $"builds-{name}-{Guid.NewGuid().ToString("N")[..10]}");
        Directory.CreateDirectory(FullPath);
    }

    public string FullPath { get; }

    /// <summary>A path in it; the folders above that path are made.</summary>
    public string File(params string[] names)
    {
        var path = Path.Combine([FullPath, .. names]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>A folder in it, made.</summary>
    public string Folder(params string[] names) =>
        Directory.CreateDirectory(Path.Combine([FullPath, .. names])).FullName;

    public override string ToString() => FullPath;

    public void Dispose()
    {
        if (Directory.Exists(FullPath))
            Directory.Delete(FullPath, recursive: true);
    }
}
