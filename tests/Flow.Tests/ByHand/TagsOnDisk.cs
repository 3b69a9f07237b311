using Builds.Parts;

namespace Builds.Flow.Tests.ByHand;

/// <summary>The tags of a registry where it keeps them: it does not notice, and notifies nobody.</summary>
public sealed class TagsOnDisk : IDisposable
{
    private readonly TempFolder _folder = new("storage");

    public RegistryOptions Options => new() { Storage = _folder.FullPath };

    public void Add(string repository, string tag, string same)
    {
        foreach (var file in Directory.GetFiles(PathOf(repository, same), "*", SearchOption.AllDirectories))
        {
            var copy = file.Replace(PathOf(repository, same), PathOf(repository, tag), StringComparison.Ordinal);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public void Remove(string repository, string tag) => Directory.Delete(PathOf(repository, tag), recursive: true);

    public void Dispose() => _folder.Dispose();

    private string PathOf(string repository, string tag) =>
        Path.Combine(_folder.FullPath, "docker/registry/v2/repositories", repository, "_manifests/tags", tag);
}
