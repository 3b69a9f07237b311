using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Flagging;

/// <summary>What GraphTracker says is outdated. The later word counts, in whichever order the words arrive.</summary>
public sealed class Flags(IOptions<RegistryOptions> registries, TimeProvider clock)
{
    private const string Raise = """
        insert into outdated (registry, repository, tag, since, flag)
        select @registry, @repository, @tag, @since, @flag
         where not exists (select 1 from current where registry = @registry and repository = @repository and tag = @tag
                              and since > @since)
            on conflict (registry, repository, tag) do update set since = excluded.since, flag = excluded.flag
         where excluded.since >= outdated.since
        """;

    public void Outdated(SqliteConnection db, ImageOutdated message)
    {
        var key = KeyOf(message.Image, message.Tag, message.Since);
        db.Execute(Raise, new
        {
            key.registry, key.repository, key.tag, key.since, flag = JsonSerializer.Serialize(message, BuildQueue.Json),
        });
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
