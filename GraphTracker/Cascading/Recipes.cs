using System.Text.Json;
using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>How an image is rebuilt.</summary>
internal sealed class Recipes(SqliteConnection db)
{
    private const string SelectRecord = """
        select completed from build where image = @Image and digest = @Digest and outcome = 'succeeded'
         order by +completed_at desc limit 1
        """;

    /// <summary>
    /// As it was built, so that a new base ships no source that nobody has released; by its definition where that is
    /// wanted, or no build is known. Other tags of the image stay where they are.
    /// </summary>
    /// <param name="tags">Those that are renewed together.</param>
    /// <returns>Without an id and a cause.</returns>
    internal BuildRequested Of(Ready ready, IReadOnlyCollection<string> tags)
    {
        var defined = JsonSerializer.Deserialize<ImageDefined>(ready.Definition, Snapshots.Json)!;
        var requested = new BuildRequested
        {
            BuildId = Guid.Empty,
            Image = new ImageReference { Registry = ready.Registry, Repository = ready.Repository },
            Tags = [.. defined.Tags.Intersect(tags)],
            Source = defined.Source,
            RequestedAt = default,
            BuildArgs = defined.BuildArgs,
            Target = defined.Target,
            Platform = defined.Platform,
        };
        if (defined.Rebuild.Source == RebuildSource.FollowRef
            || db.QueryFirstOrDefault<string>(SelectRecord, ready) is not { } json)
            return requested;

        var record = JsonSerializer.Deserialize<BuildCompleted>(json, Snapshots.Json)!;
        return requested with
        {
            Tags = [.. record.Tags.Intersect(tags)],
            Source = record.Source,
            BuildArgs = record.BuildArgs,
            Target = record.Target,
            Platform = record.Platform,
            Labels = record.Labels,
            NoCache = record.NoCache,
            TimeoutSeconds = record.TimeoutSeconds,
        };
    }
}
