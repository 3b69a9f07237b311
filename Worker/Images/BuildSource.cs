using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>The Dockerfile and the context that a request means, found in its checkout.</summary>
internal sealed record BuildSource(Dockerfile Dockerfile, BuildContext Context)
{
    public static async Task<BuildSource> ReadAsync(
        string root, BuildRequested request, FrontendChoice frontend, CancellationToken cancel)
    {
        var tree = new SourceTree(root);
        var written = request.Source.Context is { Length: > 0 } given ? given : ".";
        var folder = tree.Resolve("context", written);
        if (folder is null || !Directory.Exists(tree.Full(folder)))
            throw new BuildFailedException(
                $"The context \"{written}\" is not a folder of the repository at this commit.");

        var path = request.Source.Dockerfile is { Length: > 0 } named ? named : Join(written, "Dockerfile");
        var text = await tree.ReadAsync("Dockerfile", path, cancel) ?? throw new BuildFailedException(
            $"There is no Dockerfile \"{path}\" in the repository at this commit. Add it, or say in the " +
                "definition where it is.");
        var dockerfile = Dockerfile.Parse(path, text, frontend);

        return new BuildSource(
            dockerfile,
            new BuildContext(
                tree.Full(folder),
                await IgnoreAsync(tree, path, written, cancel),
                dockerfile.Text == text ? Place(tree, path, folder) : null)
            {
                WithGit = request.BuildArgs?.GetValueOrDefault("BUILDKIT_CONTEXT_KEEP_GIT_DIR") is "1" or "true",
            });
    }

    /// <summary>Path of the Dockerfile in the context; null where the daemon does not find it there without a
    /// link.</summary>
    private static string? Place(SourceTree tree, string path, string folder)
    {
        var real = tree.Resolve("Dockerfile", path)!;
        if (real != string.Join('/', path.Split('/').Where(segment => segment is not ("" or "."))))
            return null;
        if (folder.Length == 0)
            return real;
        return real.StartsWith(folder + "/", StringComparison.Ordinal) ? real[(folder.Length + 1)..] : null;
    }

    private static async Task<DockerIgnore> IgnoreAsync(SourceTree tree, string dockerfile, string context,
        CancellationToken cancel)
    {
        foreach (var path in new[] { dockerfile + ".dockerignore", Join(context, ".dockerignore") })
            if (await tree.ReadAsync("ignore file", path, cancel) is { } text)
                return DockerIgnore.Parse(path, text);
        return DockerIgnore.Nothing;
    }

    private static string Join(string folder, string name) => folder is "." ? name : $"{folder.TrimEnd('/')}/{name}";
}
