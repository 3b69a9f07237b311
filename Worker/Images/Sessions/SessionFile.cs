using System.Text;

namespace Builds.Worker.Images.Sessions;

/// <summary>A file, folder or link as BuildKit is told of it.</summary>
/// <param name="Open">What is in a file; null for others.</param>
internal readonly record struct SessionFile(Stat Stat, Func<Stream>? Open)
{
    // Go's os.FileMode
    private const uint Folder = 1u << 31;
    private const uint Link = 1u << 27;
    private const uint Permissions = 0b111_111_111;

    private static readonly long Time = BuildContext.Time.ToUnixTimeMilliseconds() * 1_000_000;

    public static SessionFile Of(string name, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new SessionFile(
            new Stat { Path = name, Mode = 0b100_000_000, Size = bytes.Length, ModTime = Time },
            () => new MemoryStream(bytes));
    }

    /// <summary>The name of the file is all that is kept for reading it: there may be very many.</summary>
    public static SessionFile Of(ContextEntry entry)
    {
        var stat = new Stat { Path = entry.Path, Mode = (uint)entry.Mode & Permissions, ModTime = Time };
        if (entry.IsFolder)
            stat.Mode |= Folder;
        else if (entry.Link is { } target)
            (stat.Mode, stat.LinkName) = (stat.Mode | Link, target);
        else
        {
            var path = entry.Info.FullName;
            stat.Size = entry.Size;
            return new SessionFile(stat, () => ContextEntry.Open(path));
        }

        return new SessionFile(stat, null);
    }
}
