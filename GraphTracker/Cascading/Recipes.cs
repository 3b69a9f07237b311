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
    /// <exception cref="InvalidDataException">What is recorded of it cannot be read.</exception>
    internal BuildRequested Of(Ready ready, IReadOnlyCollection<string> tags)
    {
        var defined = Read<ImageDefined>(ready.Definition, "its definition", "define it anew, then resume");
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

        var record = Read<BuildCompleted>(
            json, "the record of the build behind its tag", "build it once anew, or mend that in graph.db and resume");
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

    // Recorded long ago, by a version that wrote other fields; or damaged.
    private static T Read<T>(string json, string what, string remedy)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Snapshots.Json) ?? throw new JsonException("It is null.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"{what} cannot be read ({e.Message}): {remedy}", e);
        }
    }
}
