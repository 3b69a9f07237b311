using Builds.Contracts;
using Builds.GraphTracker.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Base images that live elsewhere tell us nothing: of those that others stand on each tag is asked about at an
/// interval, by HEAD, one after the other.
/// </summary>
public sealed partial class Watching(
    GraphStore store, RegistryClient client, IOptions<RegistryOptions> options, TimeProvider clock,
    ILogger<Watching> logger) : BackgroundService
{
    private const int Together = 100;

    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(10); // some tag may have been named just now

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Value.Known
        .Where(registry => registry.WatchInterval > TimeSpan.Zero)
        .Select(registry => Task.Run(() => WatchAsync(registry, stoppingToken), stoppingToken)));

    private async Task WatchAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        var patience = new Patience();
        while (!cancel.IsCancellationRequested)
        {
            var pause = registry.WatchInterval < LongestSleep ? registry.WatchInterval : LongestSleep;
            try
            {
                if (await AskDueAsync(registry, cancel) == Together)
                    pause = TimeSpan.Zero; // more are due
                patience.Answered();
            }
            catch (RegistryUnavailableException e)
            {
                pause = patience.Failed(e);
                Log.Unavailable(logger, registry.Host, pause, e.Message);
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                pause = patience.Failed(e);
                Log.Failed(logger, e, registry.Host, pause);
            }

            await Task.Delay(pause, clock, cancel);
        }
    }

    /// <returns>How many there were.</returns>
    private async Task<int> AskDueAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        var before = (clock.GetUtcNow() - registry.WatchInterval).ToUnixTimeMilliseconds();
        var due = store.Read(db => KnownTags.Due(db, registry.Host, before, Together));
        string? problem = null;
        foreach (var (id, repository, tag, known) in due)
        {
            var (digest, refused) = await AskAsync(registry, repository, tag, cancel);
            problem ??= refused;
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            await store.WriteAsync(db =>
            {
                KnownTags.Watched(db, id, now);
                if (refused is null && known.IsNews(digest))
                    KnownTags.Ask(db, registry.Host, repository, tag, digest, "watch", now);
            }, cancel);
            await Task.Delay(TimeSpan.FromMilliseconds(registry.PauseMilliseconds), clock, cancel);
        }

        if (due.Count > 0)
            await store.WriteAsync(db => KnownTags.WatchProblem(db, registry.Host, problem), cancel);
        return due.Count;
    }

    // What the registry has against one tag must not keep it from being asked about the others.
    private async Task<(string? Digest, string? Refused)> AskAsync(
        KnownRegistryOptions registry, string repository, string tag, CancellationToken cancel)
    {
        try
        {
            var image = new ImageReference { Registry = registry.Host, Repository = repository };
            return (await client.DigestOfAsync(image, tag, cancel), null);
        }
        catch (RegistryUnavailableException e)
        {
            await store.WriteAsync(db => KnownTags.WatchProblem(db, registry.Host, e.Message), cancel);
            if (!e.IsRefusal && (e.IsDenied || e.RetryAfter is not null
                || !await client.AnswersAsync(registry.Host, cancel)))
                throw;
            Log.Refused(logger, registry.Host, repository, tag, e.Message);
            return (null, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning,
            "{registry} does not say whether its tags have moved; it is asked again in {pause} ({why})")]
        public static partial void Unavailable(ILogger logger, string registry, TimeSpan pause, string why);

        [LoggerMessage(LogLevel.Warning, "{registry} does not say whether {repository}:{tag} has moved ({why})")]
        public static partial void Refused(ILogger logger, string registry, string repository, string tag, string why);

        [LoggerMessage(LogLevel.Error,
            "Whether tags of {registry} have moved could not be found out; again in {pause}")]
        public static partial void Failed(ILogger logger, Exception e, string registry, TimeSpan pause);
    }
}
