using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>One checkout, top to bottom: the repository, its files, and the same for each submodule.</summary>
internal sealed class CheckoutWork(CheckoutRequest request, CheckoutMeter meter)
{
    private readonly SourceOptions _options = request.Options;
    private int _submodules;

    /// <summary>What can be said of it without asking anybody.</summary>
    public static GitUrl Url(GitSource source, SourceOptions options)
    {
        if (!GitText.IsRef(source.Ref))
            throw new BuildFailedException($"No branch, tag or commit can be called '{GitText.Shown(source.Ref)}'.");
        if (source.Commit is { } commit && !GitText.IsCommit(commit))
            throw new BuildFailedException($"'{GitText.Shown(commit)}' is no full commit id of 40 hexadecimal digits.");
        return Judged(source.Git, options);
    }

    public async Task<string> RunAsync(CancellationToken cancel)
    {
        var source = request.Source;
        var url = Url(source, _options);
        var servers = new GitServers(url, request.Credential, new GitHosts(_options), meter, request.Folder);
        var fetch = new GitFetch(servers, _options, meter);
        meter.Say($"Fetching {source.Commit ?? source.Ref} from {url}");
        var root = Checkout.RootOf(request.Folder);
        var commit = await WriteAsync(fetch, url, source.Ref, source.Commit, root, 0, cancel);
        meter.Say($"Checked out {commit}: {meter.Files} files and folders, {GitText.Size(meter.Written)}");
        return commit;
    }

    private async Task<string> WriteAsync(
        GitFetch fetch, GitUrl url, string? @ref, string? commit, string folder, int depth, CancellationToken cancel)
    {
        var gitFolder = Path.Combine(request.Folder, "git"); // beside the files, so that no build sees it
        var fetched = await fetch.FetchAsync(url, @ref, commit, gitFolder, cancel);
        Directory.CreateDirectory(folder);
        var links = WorkTree.Write(gitFolder, fetched, folder, meter);
        Wipe.Folder(gitFolder);
        foreach (var link in request.Source.Submodules == true ? links : [])
        {
            try
            {
                await SubmoduleAsync(fetch, url, link, folder, depth + 1, cancel);
            }
            catch (BuildFailedException failure)
            {
                throw new BuildFailedException(
                    $"Submodule {GitText.Shown(link.Path)}: {failure.Message}", failure.Class, failure);
            }
        }
        return fetched;
    }

    private async Task SubmoduleAsync(
        GitFetch fetch, GitUrl parent, Gitlink link, string folder, int depth, CancellationToken cancel)
    {
        if (depth > _options.MaxSubmoduleDepth)
        {
            throw new BuildFailedException(
                $"It is more than {_options.MaxSubmoduleDepth} submodules deep (Sources:MaxSubmoduleDepth).",
                FailureClass.Limit);
        }
        if (++_submodules > _options.MaxSubmodules)
        {
            throw new BuildFailedException(
                $"The source has more than {_options.MaxSubmodules} of them (Sources:MaxSubmodules).",
                FailureClass.Limit);
        }
        if (link.Url is null)
            throw new BuildFailedException("It has no URL; .gitmodules must name one for this path.");
        var url = Judged(GitModules.Absolute(parent, link.Url), _options);
        meter.Say($"Fetching submodule {GitText.Shown(link.Path)} from {url}");
        await WriteAsync(fetch, url, null, link.Commit, Inside(folder, link.Path), depth, cancel);
    }

    private static GitUrl Judged(string text, SourceOptions options) =>
        GitUrl.TryParse(text, options.AllowFile, out var url, out var refusal)
            ? url
            : throw new BuildFailedException(refusal, FailureClass.Policy);

    /// <summary>
    /// libgit2 has made the folder; a tree that has a link on the way to it was made to lead us astray.
    /// </summary>
    private static string Inside(string folder, string path)
    {
        foreach (var part in path.Split('/'))
        {
            folder = Path.Combine(folder, part);
            if (part is "" or "." or ".." || new DirectoryInfo(folder) is not { Exists: true, LinkTarget: null })
                throw new BuildFailedException("Its path is no folder of the source.");
        }
        return folder;
    }
}
