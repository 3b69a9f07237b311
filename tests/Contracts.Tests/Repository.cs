namespace Builds.Contracts.Tests;

/// <summary>The files of this repository, found from where the tests run.</summary>
public static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Builds.sln"))
            ? folder
            : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Builds.sln is in no folder above."));
}
