using System.Net;
using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Worker.Sources;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Securing;

/// <summary>The <c>Sources</c> section of configuration.</summary>
public sealed class SourcesOptions
{
    /// <summary>
    /// Git hosts, <c>host</c> or <c>host:port</c>, that may have addresses inside a private network.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];
}

/// <summary>Keeps definitions and requests from pointing workers at what only they can reach.</summary>
public sealed class GitAddresses(IOptions<SourcesOptions> sources, IOptions<RequestOptions> requests)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Refuses a URL that is none, or whose host is or resolves to an address that is not public.</summary>
    public async Task<GitUrl> CheckAsync(string git, CancellationToken cancel)
    {
        if (!GitUrl.TryParse(git, requests.Value.AllowFileUrls, out var url, out var refusal)
            || (refusal = await RefusalAsync(url, cancel)) is not null)
            throw RefusedException.Bad("git", refusal);
        return url;
    }

    /// <returns>Why workers may not fetch from there; null where they may, or where it is no git URL at all.</returns>
    public async Task<string?> ProblemAsync(GitSource source, CancellationToken cancel) =>
        GitUrl.TryParse(source.Git, requests.Value.AllowFileUrls, out var url, out _)
        && await RefusalAsync(url, cancel) is { } refusal
            ? $"source.git: {refusal}"
            : null;

    // A name that cannot be resolved now is no reason to refuse a definition: the worker asks again before it connects.
    private async Task<string?> RefusalAsync(GitUrl url, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try
        {
            return await url.RefusalAsync(sources.Value.AllowedHosts, Dns.GetHostAddressesAsync, limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }
}
