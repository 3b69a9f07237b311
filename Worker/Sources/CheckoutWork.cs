using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>One checkout, top to bottom: the repository, its files, and the same for each submodule.</summary>
internal sealed class CheckoutWork(CheckoutRequest request, CheckoutMeter meter)
{
    private readonly SourceOptions _options = request.Options;
    private int _submodules;

    public async Task<string> RunAsync(CancellationToken cancel)
    {
        var source = request.Source;
        var url = Judged(source.Git, "");
        if (!GitText.IsRef(source.Ref))
            throw new BuildFailedException($"'{GitText.Shown(source.Ref)}' cannot be the name of a branch, a tag or a commit.");
        if (source.Commit is { } given && !GitText.IsCommit(given))
            throw new BuildFailedException($"'{GitText.Shown(given)}' is not a full commit id of 40 hexadecimal digits.");
        var servers = new GitServers(url, request.Credential, new GitHosts(_options), meter, request.Folder);
        var fetch = new GitFetch(servers, _options, meter);
        meter.Say($"Fetching {source.Commit ?? source.Ref} from {url}");
        var commit = await WriteAsync(fetch, url, source.Ref, source.Commit, Checkout.RootOf(request.Folder), 0, cancel);
        meter.Say($"Checked out {commit}: {meter.Files} files and folders, {GitText.Size(meter.Written)}");
        return commit;
    }

    private async Task<string> WriteAsync(
        GitFetch fetch, GitUrl url, string? @ref, string? commit, string folder, int depth, CancellationToken cancel)
    {
        var gitFolder = Path.Combine(request.Folder, "git"); // beside the files, so that no build sees it
        var fetched = await fetch.FetchAsync(url, @ref, commit, gitFolder, cancel);
        Directory.CreateDirectory(folder);
        var links = SourceTree.Write(gitFolder, fetched, folder, meter);
        Wipe.Folder(gitFolder);
        foreach (var link in request.Source.Submodules == true ? links : [])
            await SubmoduleAsync(fetch, url, link, folder, depth + 1, cancel);
        return fetched;
    }

    private async Task SubmoduleAsync(
        GitFetch fetch, GitUrl parent, Gitlink link, string folder, int depth, CancellationToken cancel)
    {
        var name = GitText.Shown(link.Path);
        if (depth > _options.MaxSubmoduleDepth)
        {
            throw new BuildFailedException(
                $"The submodule {name} is more than {_options.MaxSubmoduleDepth} submodules deep (Sources:MaxSubmoduleDepth).",
                FailureClass.Limit);
        }
        if (++_submodules > _options.MaxSubmodules)
        {
            throw new BuildFailedException(
                $"The source has more than {_options.MaxSubmodules} submodules (Sources:MaxSubmodules).", FailureClass.Limit);
        }
        if (link.Url is null)
            throw new BuildFailedException($"The submodule {name} has no URL; .gitmodules must name one for this path.");
        var url = Judged(GitModules.Absolute(parent, link.Url), $"Submodule {name}: ");
        var into = Inside(folder, link.Path);
        meter.Say($"Fetching submodule {name} from {url}");
        try
        {
            await WriteAsync(fetch, url, null, link.Commit, into, depth, cancel);
        }
        catch (BuildFailedException failure) when (!failure.Message.StartsWith("Submodule ", StringComparison.Ordinal))
        {
            throw new BuildFailedException($"Submodule {name}: {failure.Message}", failure.Class, failure);
        }
    }

    private GitUrl Judged(string text, string of) => GitUrl.TryParse(text, _options.AllowFile, out var url, out var refusal)
        ? url
        : throw new BuildFailedException(of + refusal, FailureClass.Policy);

    /// <summary>libgit2 has made the folder; a tree that has a link on the way to it was made to lead us astray.</summary>
    private static string Inside(string folder, string path)
    {
        foreach (var part in path.Split('/'))
        {
            folder = Path.Combine(folder, part);
            if (part is "" or "." or ".." || new DirectoryInfo(folder) is not { Exists: true, LinkTarget: null })
                throw new BuildFailedException($"The submodule {GitText.Shown(path)} is not at a folder of the source.");
        }
        return folder;
    }
}
