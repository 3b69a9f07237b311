using Builds.Contracts;
using Builds.GraphTracker.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Looks through each registry at start and every so often: a registry forgets its notifications when it restarts, and
/// one that was there before us never sent any. Whatever differs becomes a question.
/// </summary>
public sealed partial class Reconciling(
    GraphStore store, RegistryClient client, IOptions<RegistryOptions> options, TimeProvider clock,
    ILogger<Reconciling> logger) : BackgroundService
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Value.Known
        .Where(registry => registry.ReconcileMinutes > 0)
        .Select(registry => LookAsync(registry, stoppingToken)));

    private async Task LookAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            var isDone = await ReconcileAsync(registry, cancel);
            await Task.Delay(isDone ? TimeSpan.FromMinutes(registry.ReconcileMinutes) : AfterFailure, clock, cancel);
        }
    }

    /// <returns>False where the registry did not answer to the end: it is tried again soon.</returns>
    private async Task<bool> ReconcileAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        var (host, tags, found) = (registry.Host, 0, 0);
        string? problem = null;
        await store.WriteAsync(db => Reconciles.Begin(db, host, Now), cancel);
        try
        {
            await foreach (var (repository, tag) in TagsAsync(host, refused => problem = refused, cancel))
            {
                tags++;
                if (await AskAsync(host, repository, tag, cancel))
                    found++;
                await Task.Delay(registry.PauseMilliseconds, cancel);
            }
        }
        catch (RegistryUnavailableException e)
        {
            problem = e.Message;
            Log.Interrupted(logger, host, e.Message);
            await store.WriteAsync(db => Reconciles.End(db, host, Now, tags, found, problem), cancel);
            return false;
        }

        await store.WriteAsync(db => Reconciles.End(db, host, Now, tags, found, problem), cancel);
        Log.Done(logger, host, tags, found);
        return true;
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    // All that it has and then, as some of that may be gone, what is known of it and was not among those.
    private async IAsyncEnumerable<(string Repository, string Tag)> TagsAsync(
        string host, Action<string> refused,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var known = store.Read(db => Reconciles.KnownTags(db, host)).ToHashSet();
        var repositories = new List<string>();
        try
        {
            await foreach (var repository in client.CatalogAsync(host, cancel))
                repositories.Add(repository);
        }
        catch (RegistryUnavailableException e)
        {
            refused($"its catalog is not to be had, so only what is known is asked ({e.Message})");
            repositories = [.. known.Select(one => one.Repository).Distinct()];
        }

        foreach (var repository in repositories)
        {
            var image = new ImageReference { Registry = host, Repository = repository };
            await foreach (var tag in client.TagsAsync(image, cancel))
            {
                known.Remove((repository, tag));
                yield return (repository, tag);
            }
        }

        foreach (var gone in known)
            yield return gone;
    }

    private async Task<bool> AskAsync(string host, string repository, string tag, CancellationToken cancel)
    {
        var image = new ImageReference { Registry = host, Repository = repository };
        var digest = await client.DigestOfAsync(image, tag, cancel);
        if (digest == store.Read(db => Reconciles.DigestOf(db, host, repository, tag)))
            return false;
        await store.WriteAsync(db => Reconciles.Ask(db, host, repository, tag, digest, "reconcile", Now), cancel);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Looked through {registry}: {tags} tags, {found} had moved without a word")]
        public static partial void Done(ILogger logger, string registry, int tags, int found);

        [LoggerMessage(LogLevel.Warning, "{registry} could not be looked through to the end; soon again ({why})")]
        public static partial void Interrupted(ILogger logger, string registry, string why);
    }
}
