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
    public async Task<string> FetchAsync(
        GitUrl url, string? @ref, string? commit, string gitFolder, CancellationToken cancel)
    {
        try
        {
            return options.Retries == 0
                ? await OnceAsync(url, @ref, commit, gitFolder, cancel)
                : await Retrying().ExecuteAsync(
                    async token => await OnceAsync(url, @ref, commit, gitFolder, token), cancel);
        }
        catch (GitUnreachableException fault) when (!fault.OursToMend)
        {
            throw Failure(fault.Message, fault);
        }
        catch (GitProtocolException fault)
        {
            throw Failure($"What answers at {url} is no git server: {fault.Message}. Correct the URL.", fault);
        }
        catch (GitRefusedException refusal)
        {
            throw Failure($"The git server refuses to give {url}: {GitText.Shown(refusal.Message)}.", refusal);
        }
        catch (LibGit2SharpException fault) when (GitText.IsItsOwn(fault))
        {
            throw Failure(
                $"What {url} sends cannot be unpacked: {GitText.Shown(fault.Message)}. "
                + "See whether git fsck finds it whole.",
                fault);
        }
    }

    private static BuildFailedException Failure(string sentence, Exception inner) =>
        new(sentence, FailureClass.Author, inner);

    private ResiliencePipeline Retrying() => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<GitUnreachableException>(fault => !fault.IsLasting),
            MaxRetryAttempts = options.Retries,
            Delay = options.RetryDelay,
            BackoffType = DelayBackoffType.Exponential,
            OnRetry = again =>
            {
                meter.Say($"{again.Outcome.Exception!.Message} Trying again.");
                return default;
            },
        })
        .Build();

    private async Task<string> OnceAsync(
        GitUrl url, string? @ref, string? commit, string gitFolder, CancellationToken cancel)
    {
        if (commit is null && GitText.IsCommit(@ref!))
            (@ref, commit) = (null, @ref);
        commit = commit?.ToLowerInvariant();
        for (var reach = Reach.Tip; ; reach++)
        {
            Wipe.Folder(gitFolder);
            await using var server = servers.Open(url);
            try
            {
                using var listed = await server.RefsAsync(cancel);
                var refs = RefAdvertisement.Read(listed, new byte[PktLine.MaxLength]);
                if (refs.IsEmpty)
                    throw new BuildFailedException($"The repository {url} is empty; push something to it first.");
                var plan = Plan(url, refs, @ref, commit, reach);
                reach = plan.Reach;
                if (reach >= Reach.Ref)
                {
                    var more = reach == Reach.Ref ? $"all of {@ref}" : "everything";
                    meter.Say($"The server does not give this commit alone; fetching {more}");
                }
                var answer = await UploadPack.AskAsync(server, refs, plan.Wants, shallow: reach < Reach.Ref, cancel);
                PackTransport.Store(answer, plan.Present, gitFolder, meter);
                if (Holds(gitFolder, commit ?? plan.Present))
                    return commit ?? plan.Present;
            }
            catch (GitRefusedException) when (reach == Reach.Single)
            {
                throw NoSuchCommit(url, commit!);
            }
            catch (GitRefusedException) when (reach == Reach.Tip)
            {
                // It has moved since it was listed.
            }
            catch (Exception ended) when (ended is EndOfStreamException or IOException)
            {
                throw await server.WhyAsync(ended, cancel);
            }
        }
    }

    /// <summary>The least that may bring it, of what was not tried yet.</summary>
    private static FetchPlan Plan(GitUrl url, RefAdvertisement refs, string? @ref, string? commit, Reach from)
    {
        var tip = @ref is null ? null : refs.Find(@ref);
        if (commit is null)
        {
            return tip is not null
                ? new FetchPlan([tip.Id], tip.Commit, from)
                : throw new BuildFailedException(
                    $"The repository {url} has no branch or tag {GitText.Shown(@ref!)}; "
                    + $"its branches are {Listed(refs.Branches)}.");
        }
        if (from <= Reach.Tip && refs.At(commit) is { } at)
            return new FetchPlan([at.Id], at.Commit, Reach.Tip);
        if (from <= Reach.Single && refs.GivesSingleCommits)
            return new FetchPlan([commit], commit, Reach.Single);
        if (from <= Reach.Ref && tip is not null)
            return new FetchPlan([tip.Id], tip.Commit, Reach.Ref);
        if (from <= Reach.All && refs.Tips is [var first, ..] all)
            return new FetchPlan([.. all.Select(each => each.Id).Distinct()], first.Commit, Reach.All);
        throw NoSuchCommit(url, commit);
    }

    private static BuildFailedException NoSuchCommit(GitUrl url, string commit) => new(
        $"The repository {url} has no commit {commit} that its branches and tags lead to; push it, or build another.");

    private static string Listed(IEnumerable<string> branches)
    {
        var all = branches.ToList();
        var some = string.Join(", ", all.Take(5).Select(name => GitText.Shown(name, 60)));
        return all.Count switch { 0 => "none", <= 5 => some, var count => $"{some} and {count - 5} more" };
    }

    private static bool Holds(string gitFolder, string commit)
    {
        using var repository = new Repository(gitFolder);
        return repository.Lookup<Commit>(commit) is not null;
    }

    /// <summary>How much is asked for, from little to much.</summary>
    private enum Reach
    {
        /// <summary>What a branch or tag points to, without history.</summary>
        Tip,

        /// <summary>Any commit, without history.</summary>
        Single,

        /// <summary>A branch or tag with its history.</summary>
        Ref,

        /// <summary>All branches and tags with theirs.</summary>
        All,
    }

    /// <param name="Present">A commit that will be there, whatever else is.</param>
    private sealed record FetchPlan(IReadOnlyCollection<string> Wants, string Present, Reach Reach);
}
