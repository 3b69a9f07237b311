#pragma warning disable CA1416 // a worker runs on Linux

namespace Builds.Worker.Sources;

/// <summary>Removes a folder with all that is in it, whatever its modes are. Links are removed, not followed.</summary>
internal static class Wipe
{
    private const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static void Folder(string path)
    {
        if (!Directory.Exists(path))
            return;
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (UnauthorizedAccessException)
        {
            Open(new DirectoryInfo(path));
            Directory.Delete(path, recursive: true);
        }
    }

    private static void Open(DirectoryInfo folder)
    {
        folder.UnixFileMode |= Ours;
        foreach (var inner in folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null))
            Open(inner);
    }
}
