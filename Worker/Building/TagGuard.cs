using Builds.Contracts;
using Builds.Worker.Images;
using Builds.Worker.Securing;

namespace Builds.Worker.Building;

/// <summary>
/// A worker that was frozen between the confirmation of its claim and its push can still push late, and a push can
/// fail half-way. So after every attempt that came as far as pushing, however it ended, its tags are looked at, and one
/// that is its own image although another is the newest outcome is put right. What somebody else has pushed meanwhile
/// is his to keep.
/// </summary>
public sealed partial class TagGuard(ClaimClient claims, RegistryTags tags, ILogger<TagGuard> logger)
{
    private const int Tries = 5; // builds of one tag follow each other, so they cannot cross for ever

    /// <param name="completed">Asked anew: since its first answer a later build may have moved a tag, and rightly
    /// so.</param>
    public async Task KeepAsync(
        RunningBuild build, BuildCompleted completed, OpenedCredentials credentials, CancellationToken cancel)
    {
        try
        {
            for (var i = 0; i < Tries && await MendAsync(build, completed, credentials, cancel); i++)
                Log.Mended(logger, completed.BuildId, completed.Attempt);
        }
        catch (Exception e)
        {
            Log.NotMended(logger, completed.BuildId, completed.Attempt, e); // the outcome stands
        }
    }

    /// <returns>Whether something was mended, and is to be looked at again: another may have pushed
    /// meanwhile.</returns>
    private async Task<bool> MendAsync(
        RunningBuild build, BuildCompleted completed, OpenedCredentials credentials, CancellationToken cancel)
    {
        var mended = false;
        var answer = await claims.ConcludeAsync(
            new ConcludeBuild { Completed = completed, Before = build.Before.Digests }, cancel);
        Guid? all = answer.Granted ? completed.BuildId : null; // else another attempt may push at this very moment
        foreach (var (tag, digest) in answer.Tags)
            mended |= await tags.KeepAsync(
                completed.Image, tag, digest, build.Image!, all, credentials.Registries, cancel);
        return mended;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Build {build} attempt {attempt}: a tag that it had moved was put right")]
        public static partial void Mended(ILogger logger, Guid build, int attempt);

        [LoggerMessage(LogLevel.Error, "Build {build} attempt {attempt}: its tags could not be checked after its end")]
        public static partial void NotMended(ILogger logger, Guid build, int attempt, Exception e);
    }
}
