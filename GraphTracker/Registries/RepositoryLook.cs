using Builds.Contracts;
using Builds.GraphTracker.Storing;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// The look at one repository: each of its tags is asked about, and each that is known and not listed any more. What
/// differs becomes a question. A tag that the registry cannot answer for, while it is well otherwise, is left out;
/// after several in a row all others too.
/// </summary>
internal sealed class RepositoryLook(
    GraphStore store, RegistryClient client, TimeProvider clock, KnownRegistryOptions registry, string repository)
{
    private const int MostMisses = 5;

    private readonly ImageReference _image = new() { Registry = registry.Host, Repository = repository };
    private int _misses;

    public int Tags { get; private set; }

    /// <summary>Tags that have moved without a word.</summary>
    public int Found { get; private set; }

    /// <summary>The first thing that could not be looked at; null where everything could.</summary>
    public string? Refused { get; private set; }

    /// <summary>The registry failed at each tag that it was asked about.</summary>
    public bool IsLost => Tags == 0 && _misses > 0;

    /// <exception cref="RegistryUnavailableException">The registry does not answer: look at it anew.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        var known = store.Read(db => KnownTags.Of(db, registry.Host, repository));
        var listed = new HashSet<string>();
        // Where they are refused, what is known of it is asked about all the same.
        Refused = await client.TryListAsync(registry.Host, async () =>
        {
            await foreach (var tag in client.TagsAsync(_image, cancel))
                listed.Add(tag);
        }, cancel);
        foreach (var tag in listed.Union(known.Keys).TakeWhile(_ => _misses < MostMisses))
            await TryTagAsync(tag, known.GetValueOrDefault(tag), cancel);
    }

    private async Task TryTagAsync(string tag, KnownTag? known, CancellationToken cancel)
    {
        try
        {
            var digest = await client.DigestOfAsync(_image, tag, cancel);
            _misses = 0;
            Tags++;
            if (known?.IsNews(digest) ?? true)
                await AskAsync(tag, digest, cancel);
        }
        catch (RegistryUnavailableException e)
        {
            if (!await client.IsOfTheRequestAsync(registry.Host, e, cancel))
                throw;
            Refused ??= e.Message;
            if (!e.IsRefusal)
                _misses++;
        }

        await Task.Delay(TimeSpan.FromMilliseconds(registry.PauseMilliseconds), clock, cancel);
    }

    private async Task AskAsync(string tag, string? digest, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (await store.WriteAsync(
            db => KnownTags.Ask(db, registry.Host, repository, tag, digest, "reconcile", now), cancel))
            Found++;
    }
}
