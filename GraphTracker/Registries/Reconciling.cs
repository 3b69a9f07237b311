using Builds.GraphTracker.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Looks through each registry at start and every so often, a request at a time: a registry forgets its notifications
/// when it restarts, and one that was there before us never sent any. One that is interrupted, by us or by the
/// registry, goes on where it was.
/// </summary>
public sealed partial class Reconciling(
    GraphStore store, RegistryClient client, IOptions<RegistryOptions> options, TimeProvider clock,
    ILogger<Reconciling> logger) : BackgroundService
{
    private const int Page = 100; // as most registries
    private const int MostLost = 3; // one after the other: then it is not the repositories

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Value.Known
        .Where(registry => registry.ReconcileInterval > TimeSpan.Zero)
        .Select(registry => Task.Run(() => LookAsync(registry, stoppingToken), stoppingToken)));

    private async Task LookAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        var patience = new Patience();
        bool? isResumed = null;
        while (!cancel.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                isResumed ??= store.Read(db => Reconciles.IsOpen(db, registry.Host));
                await ReconcileAsync(registry, cancel);
                patience.Answered();
                // What it had looked at before this start may have moved since: once more, now from the beginning.
                pause = isResumed.Value ? TimeSpan.Zero : registry.ReconcileInterval;
                isResumed = false;
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                pause = patience.Failed(e);
                await InterruptAsync(registry.Host, e, pause, cancel);
            }

            await Task.Delay(pause, clock, cancel);
        }
    }

    private async Task ReconcileAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        var host = registry.Host;
        if (!store.Read(db => Reconciles.IsOpen(db, host)))
        {
            // What is interrupted before all of it is taken begins anew.
            var refused = await TakeCatalogAsync(host, cancel);
            await TakeKnownAsync(host, cancel);
            await store.WriteAsync(db => Reconciles.Begin(db, host, refused, Now), cancel);
        }

        var lost = 0;
        while (store.Read(db => Reconciles.Next(db, host)) is { } repository)
        {
            var look = new RepositoryLook(store, client, clock, registry, repository);
            await look.RunAsync(cancel);
            await store.WriteAsync(
                db => Reconciles.LookedAt(db, host, repository, look.Tags, look.Found, look.Refused), cancel);
            lost = look.IsLost ? lost + 1 : 0;
            if (lost == MostLost)
                throw new RegistryUnavailableException(
                    $"{host} answers, and fails at whatever it is asked about tags. {look.Refused}");
        }

        var (tags, found) = await store.WriteAsync(db => Reconciles.End(db, host, Now), cancel);
        Log.Done(logger, host, tags, found);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    // Many registries do not show it, or not to everybody.
    private async Task<string?> TakeCatalogAsync(string host, CancellationToken cancel)
    {
        var page = new List<string>(Page);
        var refused = await client.TryListAsync(host, async () =>
        {
            await foreach (var repository in client.CatalogAsync(host, cancel))
            {
                page.Add(repository);
                if (page.Count < Page)
                    continue;
                await store.WriteAsync(db => Reconciles.Take(db, host, page), cancel);
                page.Clear();
            }
        }, cancel);
        await store.WriteAsync(db => Reconciles.Take(db, host, page), cancel);
        if (refused is null)
            return null;
        Log.Refused(logger, host, refused);
        return $"Its catalog is not to be had, so that only what is known is asked: {refused}";
    }

    private async Task TakeKnownAsync(string host, CancellationToken cancel)
    {
        for (string? after = ""; after is { } from;)
            after = await store.WriteAsync(db => Reconciles.TakeKnown(db, host, from, Page), cancel);
    }

    private async Task InterruptAsync(string host, Exception why, TimeSpan pause, CancellationToken cancel)
    {
        if (why is RegistryUnavailableException)
            Log.Interrupted(logger, host, pause, why.Message);
        else
            Log.Failed(logger, why, host, pause);
        try
        {
            await store.WriteAsync(db => Reconciles.Interrupt(db, host, why.Message), cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.Failed(logger, e, host, pause); // a full disk, for example: the doctor is the less important one
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "Looked through {registry}: {tags} tags, {found} had moved without a word")]
        public static partial void Done(ILogger logger, string registry, long tags, long found);

        [LoggerMessage(LogLevel.Warning,
            "{registry} does not show its catalog: only what is known of it is asked ({why})")]
        public static partial void Refused(ILogger logger, string registry, string why);

        [LoggerMessage(LogLevel.Warning,
            "{registry} could not be looked through to the end; it goes on in {pause} ({why})")]
        public static partial void Interrupted(ILogger logger, string registry, TimeSpan pause, string why);

        [LoggerMessage(LogLevel.Error, "The look through {registry} failed; it goes on in {pause}")]
        public static partial void Failed(ILogger logger, Exception e, string registry, TimeSpan pause);
    }
}
