using Builds.Contracts;
using LibGit2Sharp;

namespace Builds.Worker.Sources;

/// <summary>Writes a commit's files, after its sizes have been looked at.</summary>
internal static class WorkTree
{
    /// <returns>Its submodules.</returns>
    public static IReadOnlyList<Gitlink> Write(string gitFolder, string commitId, string folder, CheckoutMeter meter)
    {
        using var repository = new Repository(
            gitFolder,
            new RepositoryOptions { WorkingDirectoryPath = folder, IndexPath = Path.Combine(gitFolder, "index") });
        var commit = repository.Lookup<Commit>(commitId);
        var links = Measure(repository, commit, meter);
        try
        {
            // Filters, hooks and configuration of the repository are not run: libgit2 has none, and the
            // configuration of the machine is switched off.
            Commands.Checkout(repository, commit, new CheckoutOptions
            {
                CheckoutModifiers = CheckoutModifiers.Force,
                OnCheckoutProgress = (_, _, _) => meter.Moved(),
            });
        }
        catch (LibGit2SharpException fault) when (GitText.IsItsOwn(fault))
        {
            throw new BuildFailedException(
                $"The files of commit {commitId} cannot be written: {GitText.Shown(fault.Message)}.",
                FailureClass.Author,
                fault);
        }
        return links;
    }

    private static List<Gitlink> Measure(Repository repository, Commit commit, CheckoutMeter meter)
    {
        List<Gitlink> links = [];
        Dictionary<string, string> urls = [];
        var trees = new Stack<Tree>([commit.Tree]);
        while (trees.TryPop(out var tree))
        {
            foreach (var entry in tree)
            {
                var size = entry.TargetType == TreeEntryTargetType.Blob
                    ? repository.ObjectDatabase.RetrieveObjectMetadata(entry.Target.Id).Size
                    : 0;
                meter.Entry(entry.Path, size);
                if (entry.TargetType == TreeEntryTargetType.Tree)
                    trees.Push((Tree)entry.Target);
                else if (entry.TargetType == TreeEntryTargetType.GitLink)
                    links.Add(new Gitlink(entry.Path, entry.Target.Sha, null));
                else if (size <= GitModules.MaxBytes && entry is { Path: ".gitmodules", Mode: Mode.NonExecutableFile })
                    urls = GitModules.Urls(((Blob)entry.Target).GetContentText());
            }
        }
        return [.. links.Select(link => link with { Url = urls.GetValueOrDefault(link.Path) })];
    }
}

/// <summary>Where another repository's commit belongs.</summary>
/// <param name="Url">As <c>.gitmodules</c> has it: absolute, or relative to the URL of this one.</param>
internal sealed record Gitlink(string Path, string Commit, string? Url);
