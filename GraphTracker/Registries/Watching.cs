using Builds.Contracts;
using Builds.GraphTracker.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Base images that live elsewhere tell us nothing: of those that others stand on each tag is asked about at an interval,
/// by HEAD, one after the other.
/// </summary>
public sealed partial class Watching(
    GraphStore store, RegistryClient client, IOptions<RegistryOptions> options, TimeProvider clock,
    ILogger<Watching> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Value.Known
        .Where(registry => registry.WatchMinutes > 0)
        .Select(registry => WatchAsync(registry, stoppingToken)));

    private async Task WatchAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            var pause = Pause;
            try
            {
                await AskAsync(registry, cancel);
            }
            catch (RegistryUnavailableException e)
            {
                Log.Unavailable(logger, registry.Host, e.Message);
                pause = AfterFailure;
            }

            await Task.Delay(pause, clock, cancel);
        }
    }

    private async Task AskAsync(KnownRegistryOptions registry, CancellationToken cancel)
    {
        var before = clock.GetUtcNow().AddMinutes(-registry.WatchMinutes).ToUnixTimeMilliseconds();
        foreach (var (id, repository, tag) in store.Read(db => Reconciles.Due(db, registry.Host, before)))
        {
            var image = new ImageReference { Registry = registry.Host, Repository = repository };
            var digest = await client.DigestOfAsync(image, tag, cancel);
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            await store.WriteAsync(db =>
            {
                Reconciles.Watched(db, id, now);
                if (digest != Reconciles.DigestOf(db, registry.Host, repository, tag))
                    Reconciles.Ask(db, registry.Host, repository, tag, digest, "watch", now);
            }, cancel);
            await Task.Delay(registry.PauseMilliseconds, cancel);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{registry} does not say whether its tags have moved; it is asked later ({why})")]
        public static partial void Unavailable(ILogger logger, string registry, string why);
    }
}
