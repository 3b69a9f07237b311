using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Builds.Worker.Machines;

/// <summary>Files that are on disk, entirely or not at all, when the call returns.</summary>
internal static class Durable
{
    private const int ReadOnlyDirectory = 0x10000; // O_RDONLY | O_DIRECTORY

    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var half = path + ".new";
        using (var file = File.OpenHandle(half, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, content, fileOffset: 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(half, path, overwrite: true);
        SyncFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>Without it a file is safe and its name may be lost. .NET opens no folders.</summary>
    public static void SyncFolder(string path)
    {
        var folder = Open(path, ReadOnlyDirectory);
        if (folder < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"The folder {path} could not be opened");
        var failed = Sync(folder) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(folder);
        if (failed)
            throw new Win32Exception(error, $"The folder {path} could not be synced to disk");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Sync(int file);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int file);
}
