using Builds.Contracts;
using LibGit2Sharp;
using Polly;
using Polly.Retry;

namespace Builds.Worker.Sources;

/// <summary>
/// Brings one commit into a repository of its own: alone where the server gives single commits or it is at the tip of a
/// ref, else with the history that leads to it.
/// </summary>
internal sealed class GitFetch(GitServers servers, SourceOptions options, CheckoutMeter meter)
{
    /// <param name="ref">A branch, tag or commit; null where only the commit is known.</param>
    /// <returns>The commit.</returns>
    public async Task<string> FetchAsync(GitUrl url, string? @ref, string? commit, string gitFolder, CancellationToken cancel)
    {
        var retry = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<GitUnreachableException>(),
            MaxRetryAttempts = Math.Max(1, options.Retries),
            Delay = options.RetryDelay,
            BackoffType = DelayBackoffType.Exponential,
            OnRetry = again =>
            {
                meter.Say($"{again.Outcome.Exception!.Message} Trying again.");
                return default;
            },
        }).Build();
        try
        {
            return options.Retries == 0
                ? await OnceAsync(url, @ref, commit, gitFolder, cancel)
                : await retry.ExecuteAsync(async token => await OnceAsync(url, @ref, commit, gitFolder, token), cancel);
        }
        catch (GitUnreachableException fault) when (!fault.OursToMend)
        {
            throw new BuildFailedException(fault.Message, FailureClass.Author, fault);
        }
        catch (GitProtocolException fault)
        {
            throw new BuildFailedException($"What answers at {url} is no git server: {fault.Message}. Correct the URL.", FailureClass.Author, fault);
        }
        catch (GitRefusedException refusal)
        {
            throw new BuildFailedException(
                $"The git server refuses to give {url}: {GitText.Shown(refusal.Message)}.", FailureClass.Author, refusal);
        }
        catch (LibGit2SharpException fault)
        {
            throw new BuildFailedException(
                $"What {url} sends cannot be unpacked: {GitText.Shown(fault.Message)}. See whether git fsck finds it whole.",
                FailureClass.Author, fault);
        }
    }

    private async Task<string> OnceAsync(GitUrl url, string? @ref, string? commit, string gitFolder, CancellationToken cancel)
    {
        if (commit is null && GitText.IsCommit(@ref!))
            (@ref, commit) = (null, @ref);
        commit = commit?.ToLowerInvariant();
        for (var reach = Reach.Alone; ; reach++)
        {
            Wipe.Folder(gitFolder);
            await using var server = servers.Open(url);
            try
            {
                using var listed = await server.RefsAsync(cancel);
                var refs = RefAdvertisement.Read(listed, new byte[PktLine.MaxLength]);
                if (refs.IsEmpty)
                    throw new BuildFailedException($"The repository {url} is empty; push something to it first.");
                if (Plan(url, refs, @ref, commit, reach) is not { } plan)
                    continue;
                if (plan.Reach != reach)
                    meter.Say($"The server does not give single commits; fetching {(plan.Reach == Reach.All ? "everything" : @ref)}");
                reach = plan.Reach;
                var answer = await UploadPack.AskAsync(server, refs, plan.Wants, reach == Reach.Alone, cancel);
                PackTransport.Store(answer, plan.Present, gitFolder, meter);
                if (Holds(gitFolder, commit ?? plan.Present))
                    return commit ?? plan.Present;
            }
            catch (GitRefusedException) when (reach == Reach.Alone)
            {
                // The tip has moved since it was listed, or it only claims to give single commits.
            }
            catch (Exception ended) when (ended is EndOfStreamException or IOException)
            {
                throw await server.WhyAsync(ended, cancel);
            }
        }
    }

    /// <summary>Null where this much would not bring it.</summary>
    private static FetchPlan? Plan(GitUrl url, RefAdvertisement refs, string? @ref, string? commit, Reach reach)
    {
        var tip = @ref is null ? null : refs.Find(@ref);
        if (commit is null && tip is null)
        {
            throw new BuildFailedException(
                $"The repository {url} has no branch or tag {GitText.Shown(@ref!)}; its branches are {Listed(refs.Branches)}.");
        }
        if (reach == Reach.Alone)
        {
            if (commit is null)
                return new FetchPlan([tip!.Id], tip.Commit, reach);
            if (refs.At(commit) is { } at)
                return new FetchPlan([at.Id], at.Commit, reach);
            if (refs.GivesSingleCommits)
                return new FetchPlan([commit], commit, reach);
            reach = Reach.Ref;
        }
        if (reach == Reach.Ref && tip is not null)
            return new FetchPlan([tip.Id], tip.Commit, reach);
        if (reach <= Reach.All && commit is not null && refs.Tips is [var first, ..] all)
            return new FetchPlan([.. all.Select(each => each.Id).Distinct()], first.Commit, Reach.All);
        throw new BuildFailedException(
            $"The repository {url} has no commit {commit ?? @ref} that its branches and tags lead to; push it, or build another.");
    }

    private static string Listed(IEnumerable<string> branches)
    {
        var all = branches.ToList();
        return all.Count == 0 ? "none"
            : string.Join(", ", all.Take(5).Select(name => GitText.Shown(name, 60))) + (all.Count > 5 ? $" and {all.Count - 5} more" : "");
    }

    private static bool Holds(string gitFolder, string commit)
    {
        using var repository = new Repository(gitFolder);
        return repository.Lookup<Commit>(commit) is not null;
    }

    /// <summary>How much is asked for.</summary>
    private enum Reach
    {
        Alone,
        Ref,
        All,
        Beyond,
    }

    /// <param name="Present">A commit that will be there, whatever else is.</param>
    private sealed record FetchPlan(IReadOnlyCollection<string> Wants, string Present, Reach Reach);
}
