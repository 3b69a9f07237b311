namespace Builds.Parts;

public static class Installed
{
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/local/sbin", "/usr/sbin", "/sbin"];

    /// <summary>Full path of a program; the error names the Debian package that brings it.</summary>
    public static string Program(string name, string package) =>
        Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
        ?? throw new PartException($"{name} is not installed: apt-get install {package} (tests/run does it)");
}
