namespace Builds.Worker.Images;

/// <summary>What the failure of a push has to say besides where some tags of the build had been pushed before
/// it.</summary>
internal static class HalfPushed
{
    /// <param name="pushed">How many of the tags, from the first on, the registry has as <paramref name="digest"/>.
    /// </param>
    /// <returns>Of the same kind; null where nothing has failed but the build was ended.</returns>
    public static Exception? Failure(Exception failure, IReadOnlyList<string> tags, int pushed, string? digest)
    {
        if (pushed == 0 || failure is OperationCanceledException)
            return null;
        var words = $"{failure.Message.TrimEnd('.')}. Of the tags of this build {All(tags.Take(pushed))} had been "
            + $"pushed before ({digest}), {All(tags.Skip(pushed))} not. A tag that an earlier build had pushed is put "
            + "back to that one's image; others stay.";
        return failure switch
        {
            BuildFailedException failed => new BuildFailedException(words, failed.Class, failed),
            RegistryUnavailableException away =>
                new RegistryUnavailableException(words, away) { IsLasting = away.IsLasting },
            _ => new IOException(words, failure),
        };
    }

    private static string All(IEnumerable<string> tags) => string.Join(", ", tags);
}
