using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// One question put to its registry: what the tag is now, and what lies under each digest not read yet.
/// </summary>
/// <param name="digestOf">What a tag points to; null where it is not there.</param>
/// <param name="read">What lies under a digest, read whole.</param>
/// <param name="isOfTheRequest">Whether a registry failed at this alone and is well otherwise.</param>
public sealed class Inquiry(
    GraphStore store,
    Func<ImageReference, string, CancellationToken, Task<string?>> digestOf,
    Func<ImageReference, string, CancellationToken, Task<SeenManifest>> read,
    Func<string, RegistryUnavailableException, CancellationToken, Task<bool>> isOfTheRequest)
{
    private const int PassingTries = 5;

    /// <exception cref="RegistryUnavailableException">Or <see cref="UnknownRegistryException"/>.</exception>
    /// <exception cref="ManifestGoneException">The tag has moved or gone while it was looked at, or does not show yet
    /// what was pushed to it: ask again.</exception>
    /// <exception cref="ManifestBadException">What is missing or damaged may come: ask again.</exception>
    public async Task<Answer> AskAsync(Question question, CancellationToken cancel)
    {
        var image = new ImageReference { Registry = question.Registry, Repository = question.Repository };
        var isFinal = question.Tries >= PassingTries;
        if (question.Digest is { } digest)
            return new Answer(null, [await FindAsync(image, digest, isFinal, cancel)]);

        var answered = await digestOf(image, question.Tag, cancel);
        // A registry tells of a push before it has written the tag.
        if (store.Read(db => Answers.Unseen(db, question, answered)) is { } unseen)
            throw new ManifestGoneException(
                $"{question.Name} was pushed as {unseen}, and the registry still has {answered ?? "nothing"} under "
                + "that tag");
        if (answered is not { } present)
            return new Answer(null, []);
        var found = new List<Found> { await FindAsync(image, present, isFinal, cancel) };
        if (found[0].Gone is { } gone && !isFinal)
            throw new ManifestGoneException(gone);
        foreach (var missed in store.Read(db => Answers.Missed(db, question, present)))
            found.Add(await FindAsync(image, missed, isFinal: true, cancel)); // the past holds up nothing
        return new Answer(present, found);
    }

    /// <summary>Whether it was this question alone that the registry failed at.</summary>
    public Task<bool> IsOfTheQuestionAsync(
        Question question, RegistryUnavailableException error, CancellationToken cancel) =>
        isOfTheRequest(question.Registry, error, cancel);

    private async Task<Found> FindAsync(ImageReference image, string digest, bool isFinal, CancellationToken cancel)
    {
        if (store.Read(db => Answers.IsRead(db, digest)))
            return new Found(digest);
        try
        {
            return new Found(digest, Seen: await read(image, digest, cancel));
        }
        catch (ManifestGoneException e)
        {
            return new Found(digest, Gone: e.Message);
        }
        catch (ManifestBadException e) when (isFinal || !e.MayPass)
        {
            return new Found(digest, Bad: e.Message);
        }
    }
}
