using Builds.Parts;

namespace Builds.Flow.Tests.ByHand;

/// <summary>Somebody with a daemon of their own: nobody but the registry hears of what they build.</summary>
public sealed class Hand(DockerDaemon docker, Registry registry)
{
    /// <summary>Builds it on what the registry has now, and pushes it.</summary>
    /// <param name="image">With its tag, without the registry; so are all images here.</param>
    /// <param name="lines">Of its Dockerfile; <c>{x}</c> is the image x.</param>
    public async Task BuildAsync(string image, params string[] lines)
    {
        using var folder = new TempFolder("by-hand");
        var written = string.Join('\n', lines)
            .Replace("{", registry.Host + "/", StringComparison.Ordinal)
            .Replace("}", "", StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder.File("Dockerfile"), written);
        await docker.DockerAsync("build", "--pull", "--tag", Name(image), folder.FullPath);
        await PushAsync(image);
    }

    /// <summary>The same image under one more name.</summary>
    public async Task TagAsync(string image, string alias)
    {
        await docker.DockerAsync("tag", Name(image), Name(alias));
        await PushAsync(alias);
    }

    /// <summary>All its files in one layer, with nothing that says where they come from.</summary>
    public async Task FlattenAsync(string image, string flat)
    {
        using var folder = new TempFolder("by-hand");
        var container = await docker.DockerAsync("create", Name(image));
        await docker.DockerAsync("export", "--output", folder.File("files.tar"), container);
        await docker.DockerAsync("import", folder.File("files.tar"), Name(flat));
        await docker.DockerAsync("rm", container);
        await PushAsync(flat);
    }

    private Task<string> PushAsync(string image) => docker.DockerAsync("push", Name(image));

    private string Name(string image) => $"{registry.Host}/{image}";
}
