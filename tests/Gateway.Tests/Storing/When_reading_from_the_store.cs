using Builds.Gateway.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Tests.Storing;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_reading_from_the_store : IDisposable
{
    private const string Insert = "insert into outbox (type, body, send_at) values ('x', 'y', 0)";
    private const string Count = "select count(*) from outbox";

    private readonly TempFolder _folder = new("store");

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task Should_read_one_state_however_long_it_takes_and_hold_up_no_writer()
    {
        await using var store = Open();

        var (before, after) = store.Read(db =>
        {
            var first = db.QuerySingle<int>(Count);
            Write(store);
            return (first, db.QuerySingle<int>(Count));
        });

        Assert.That((before, after, store.Read(db => db.QuerySingle<int>(Count))), Is.EqualTo((0, 0, 1)));
    }

    [Test]
    public async Task Should_read_the_newest_state_after_one_that_failed()
    {
        await using var store = Open();
        Assert.That(() => store.Read<int>(db => db.QuerySingle<int>($"{Count} where no_column = 1")), Throws.InstanceOf<SqliteException>());

        Write(store);

        Assert.That(store.Read(db => db.QuerySingle<int>(Count)), Is.EqualTo(1));
    }

    // Inside of a read, which is no place to wait for anything.
    private static void Write(GatewayStore store) =>
        store.WriteAsync(db => { db.Execute(Insert); }, default).WaitAsync(Wait.Generous).GetAwaiter().GetResult();

    private GatewayStore Open() => new(Options.Create(new StoreOptions { Folder = _folder.FullPath }));
}
