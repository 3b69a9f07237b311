using System.Text;

namespace Builds.Parts;

/// <summary>What a path of a commit becomes.</summary>
public sealed record GitFile
{
    private GitFile(string? mode, byte[] content)
    {
        Mode = mode;
        Content = content;
    }

    /// <summary>As git writes it; null: the path is removed.</summary>
    public string? Mode { get; }

    /// <summary>Of a submodule, its commit in hexadecimal.</summary>
    public byte[] Content { get; }

    public static GitFile Removed { get; } = new(null, []);

    public static GitFile Text(string content) => new("100644", Encoding.UTF8.GetBytes(content));

    public static GitFile Bytes(byte[] content) => new("100644", content);

    public static GitFile Executable(string content) => new("100755", Encoding.UTF8.GetBytes(content));

    public static GitFile Link(string target) => new("120000", Encoding.UTF8.GetBytes(target));

    /// <summary>The entry only; <c>.gitmodules</c> is a file like any other.</summary>
    public static GitFile Submodule(string commit) => new("160000", Encoding.ASCII.GetBytes(commit));

    /// <summary>Of random bytes, so that no compression makes it small.</summary>
    public static GitFile Random(int bytes)
    {
        var content = new byte[bytes];
        System.Random.Shared.NextBytes(content);
        return Bytes(content);
    }

    public static implicit operator GitFile(string text) => Text(text);

    public static GitFile FromString(string text) => Text(text);
}
