using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Notifying;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Flagging;

/// <summary>What GraphTracker says is outdated. The later word counts, in whichever order the words arrive.</summary>
public sealed class Flags(Notices notices, IOptions<RegistryOptions> registries, TimeProvider clock)
{
    private const string SelectFlag = """
        select flag from outdated where registry = @registry and repository = @repository and tag = @tag
        """;

    private const string Raise = """
        insert into outdated (registry, repository, tag, since, flag, namespace, heard_at)
        select @registry, @repository, @tag, @since, @flag, @ns, @now
         where not exists (select 1 from current where registry = @registry and repository = @repository and tag = @tag
                              and since > @since)
            on conflict (registry, repository, tag) do update
           set since = excluded.since, flag = excluded.flag, heard_at = excluded.heard_at
         where excluded.since > outdated.since
            or excluded.since = outdated.since
               and coalesce(excluded.flag ->> '$.version', 0) >= coalesce(outdated.flag ->> '$.version', 0)
        """;

    public void Outdated(SqliteConnection db, ImageOutdated message)
    {
        var image = message.Image with { Registry = message.Image.Registry ?? registries.Value.Default };
        var flag = message with { Image = image };
        var key = KeyOf(image, message.Tag, message.Since);
        var where = new { key.registry, key.repository, key.tag };
        var before = db.QuerySingleOrDefault<string>(SelectFlag, where);
        var raised = db.Execute(Raise, new
        {
            key.registry, key.repository, key.tag, key.since, flag = JsonSerializer.Serialize(flag, BuildQueue.Json),
            ns = BuildQueue.NamespaceOf(image.Repository), now = clock.GetUtcNow().ToUnixTimeMilliseconds(),
        });
        if (raised > 0)
        {
            notices.Add(
                db, flag, before is null ? null : JsonSerializer.Deserialize<ImageOutdated>(before, BuildQueue.Json));
        }
    }

    private const string Lower = """
        delete from outdated where registry = @registry and repository = @repository and tag = @tag and since <= @since
        """;

    private const string Remember = """
        insert into current (registry, repository, tag, since) values (@registry, @repository, @tag, @since)
            on conflict (registry, repository, tag) do update set since = max(since, excluded.since)
        """;

    public void Current(SqliteConnection db, ImageCurrent message)
    {
        var key = KeyOf(message.Image, message.Tag, message.Since);
        var where = new { key.registry, key.repository, key.tag, key.since };
        db.Execute(Lower, where);
        db.Execute(Remember, where);
    }

    private const string SelectHeardBefore = """
        select registry, repository, tag from outdated where heard_at < @before
        """;

    private const string Drop = """
        delete from outdated where registry = @registry and repository = @repository and tag = @tag
        """;

    /// <summary>Ends what GraphTracker does not list any more. What it told after it was asked stands.</summary>
    /// <returns>How many flags went.</returns>
    public int Keep(SqliteConnection db, IReadOnlyCollection<ImageOutdated> listed, DateTimeOffset asked)
    {
        var known = listed
            .Select(flag => (flag.Image.Registry ?? registries.Value.Default, flag.Image.Repository, flag.Tag))
            .ToHashSet();
        var gone = db.Query<(string registry, string repository, string tag)>(
                SelectHeardBefore, new { before = asked.ToUnixTimeMilliseconds() })
            .Where(flag => !known.Contains(flag)).ToList();
        foreach (var (registry, repository, tag) in gone)
            db.Execute(Drop, new { registry, repository, tag });
        return gone.Count;
    }

    private const string SelectOfImage = """
        select flag from outdated where registry = @Registry and repository = @Repository order by tag
        """;

    public static IReadOnlyList<ImageOutdated> Of(SqliteConnection db, ImageReference image) =>
    [
        .. db.Query<string>(SelectOfImage, image)
            .Select(flag => JsonSerializer.Deserialize<ImageOutdated>(flag, BuildQueue.Json)!),
    ];

    private const string Upsert = """
        insert into cascade (id, root, state, counts, changed_at) values (@id, @Root, @State, @counts, @now)
            on conflict (id) do update
           set state = excluded.state, counts = excluded.counts, changed_at = excluded.changed_at
        """;

    public void Changed(SqliteConnection db, CascadeChanged message) => db.Execute(Upsert, new
    {
        id = message.CascadeId.ToString(),
        message.Root,
        message.State,
        counts = JsonSerializer.Serialize(message.Counts, BuildQueue.Json),
        now = clock.GetUtcNow().ToUnixTimeMilliseconds(),
    });

    private (string registry, string repository, string tag, long since) KeyOf(
        ImageReference image, string tag, DateTimeOffset since) =>
        (image.Registry ?? registries.Value.Default, image.Repository, tag, since.ToUnixTimeMilliseconds());
}
