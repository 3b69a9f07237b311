using Builds.Contracts;
using Builds.GraphTracker.Storing;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// The look at one repository: each of its tags is asked about, and each that is known and not listed any more. What
/// differs becomes a question. A tag that the registry cannot answer for, while it is well otherwise, is left out.
/// </summary>
internal sealed class RepositoryLook(
    GraphStore store, RegistryClient client, TimeProvider clock, KnownRegistryOptions registry, string repository)
{
    private const int MostMisses = 5; // one after the other: then it is not the tags

    private readonly ImageReference _image = new() { Registry = registry.Host, Repository = repository };
    private int _misses;

    public int Tags { get; private set; }

    /// <summary>Tags that have moved without a word.</summary>
    public int Found { get; private set; }

    /// <summary>The first thing that could not be looked at; null where everything could.</summary>
    public string? Refused { get; private set; }

    /// <exception cref="RegistryUnavailableException">The registry does not answer: look at it anew.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        var known = store.Read(db => KnownTags.Of(db, registry.Host, repository));
        var listed = new HashSet<string>();
        try
        {
            await foreach (var tag in client.TagsAsync(_image, cancel))
                if (listed.Add(tag))
                    await TryTagAsync(tag, known.GetValueOrDefault(tag), cancel);
        }
        catch (RegistryUnavailableException e) when (_misses < MostMisses)
        {
            if (!await client.IsOfTheRequestAsync(registry.Host, e, cancel))
                throw;
            Refused ??= e.Message; // what is known of it is asked about all the same
        }

        foreach (var (tag, digest) in known.Where(one => !listed.Contains(one.Key)))
            await TryTagAsync(tag, digest, cancel);
    }

    private async Task TryTagAsync(string tag, string? known, CancellationToken cancel)
    {
        try
        {
            var digest = await client.DigestOfAsync(_image, tag, cancel);
            _misses = 0;
            Tags++;
            if (digest != known)
                await AskAsync(tag, digest, cancel);
        }
        catch (RegistryUnavailableException e) when (!e.IsDenied && _misses < MostMisses)
        {
            if (!e.IsRefusal && (++_misses == MostMisses || !await client.AnswersAsync(registry.Host, cancel)))
                throw;
            Refused ??= e.Message;
        }

        await Task.Delay(TimeSpan.FromMilliseconds(registry.PauseMilliseconds), clock, cancel);
    }

    private Task AskAsync(string tag, string? digest, CancellationToken cancel)
    {
        Found++;
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return store.WriteAsync(
            db => KnownTags.Ask(db, registry.Host, repository, tag, digest, "reconcile", now), cancel);
    }
}
