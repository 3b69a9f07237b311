using Builds.Contracts;
using Builds.Worker.Images;
using Builds.Worker.Securing;

namespace Builds.Worker.Building;

/// <summary>
/// A worker that was frozen between the confirmation of its claim and its push can still push late. So after each
/// conclusion, granted or not, the tags are looked at once more, and what is not the newest outcome is put right.
/// </summary>
public sealed partial class TagGuard(ClaimClient claims, ImagePusher images, ILogger<TagGuard> logger)
{
    public async Task KeepAsync(PushedImage pushed, BuildCompleted completed, OpenedCredentials credentials, CancellationToken cancel)
    {
        try
        {
            // Asked anew: since the first answer a later build may have moved a tag, and rightly so.
            var answer = await claims.ConcludeAsync(new ConcludeBuild { Completed = completed }, cancel);
            foreach (var tag in pushed.Tags)
            {
                if (answer.Tags.TryGetValue(tag, out var digest)
                    && await images.KeepTagAsync(completed.Image, tag, digest, credentials.Registries, cancel))
                    Log.Mended(logger, completed.BuildId, completed.Attempt, completed.Image.Repository, tag, digest);
            }
        }
        catch (Exception e)
        {
            Log.NotMended(logger, completed.BuildId, completed.Attempt, e); // the outcome stands; the registry's owner sees it
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Build {build} attempt {attempt}: {repository}:{tag} had been moved back; {digest} was put again")]
        public static partial void Mended(ILogger logger, Guid build, int attempt, string repository, string tag, string digest);

        [LoggerMessage(LogLevel.Error, "Build {build} attempt {attempt}: its tags could not be checked after its end")]
        public static partial void NotMended(ILogger logger, Guid build, int attempt, Exception e);
    }
}
