namespace Builds.Parts;

/// <summary>A folder on a disk of that many bytes, to run out of space on.</summary>
public sealed class TinyDisk : IAsyncDisposable
{
    private readonly TempFolder _folder = new("disk");

    private TinyDisk()
    {
    }

    public string FullPath => _folder.FullPath;

    public static async Task<TinyDisk> CreateAsync(long bytes)
    {
        var disk = new TinyDisk();
        await Command.RunAsync("mount", "-t", "tmpfs", "-o", $"size={bytes}", "builds-tiny-disk", disk.FullPath);
        return disk;
    }

    public async ValueTask DisposeAsync()
    {
        await Command.RunAsync("umount", "-l", FullPath);
        _folder.Dispose();
    }
}
