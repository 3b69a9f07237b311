using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>What the end of a push has to say besides where some tags of the build had been pushed before it.</summary>
internal static class HalfPushed
{
    /// <param name="pushed">How many of the tags, from the first on, the registry has as <paramref name="digest"/>.
    /// </param>
    /// <returns>Of the same kind; null where there is nothing to add, or nothing has failed but the build was
    /// ended.</returns>
    public static Exception? Failure(
        Exception failure, BuildRequested request, int pushed, string? digest, TagsBefore before)
    {
        if (failure is OperationCanceledException || (pushed == 0 && failure is not OvertakenException))
            return null;
        var words = pushed == 0 ? None(request, before) : Some(request.Tags, pushed, digest);
        var message = $"{failure.Message.TrimEnd('.')}. {words}";
        return failure switch
        {
            OvertakenException overtaken => new OvertakenException(message, overtaken.Found),
            BuildFailedException failed => new BuildFailedException(message, failed.Class, failed),
            RegistryUnavailableException away =>
                new RegistryUnavailableException(message, away) { IsLasting = away.IsLasting },
            _ => new IOException(message, failure),
        };
    }

    private static string Some(IReadOnlyList<string> tags, int pushed, string? digest) =>
        $"Of the tags of this build {All(tags.Take(pushed))} had been pushed before ({digest}), "
        + $"{All(tags.Skip(pushed))} not. What had been pushed is put back to what it was before that; a tag that was "
        + "not there before stays.";

    private static string None(BuildRequested request, TagsBefore before) => before.Own.Count == 0
        ? "Nothing was pushed."
        : $"An earlier attempt at this build had pushed {All(before.Own)}, which is put back to {request.Replaces}. "
            + "Nothing else was pushed.";

    private static string All(IEnumerable<string> tags) => string.Join(", ", tags);
}
