using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Tests.Storing.Assumptions;

/// <summary>One writer, readers beside it, and rules that hold only where they are asked for.</summary>
public sealed class When_sqlite_is_shared : IDisposable
{
    private readonly TempFolder _folder = new("sqlite");

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Should_show_readers_what_was_committed_while_another_writes()
    {
        using var writer = Open("readers", "create table a (x int); insert into a values (1)");
        using var reader = Open("readers");
        using (var transaction = writer.BeginTransaction())
        {
            writer.Execute("insert into a values (2)", transaction: transaction);
            Assert.That(reader.ExecuteScalar<int>("select count(*) from a"), Is.EqualTo(1));
            transaction.Commit();
        }

        Assert.That(reader.ExecuteScalar<int>("select count(*) from a"), Is.EqualTo(2));
    }

    [Test]
    public async Task Should_make_a_second_writer_wait_for_the_first()
    {
        await using var first = Open("writers", "create table a (x int)");
        await using var second = Open("writers");
        await using var transaction = first.BeginTransaction();
        first.Execute("insert into a values (1)", transaction: transaction);

        var waiting = Task.Run(() => second.Execute("insert into a values ((select max(x) + 1 from a))"));
        Assert.That(waiting.IsCompleted, Is.False);
        transaction.Commit();
        await waiting;

        Assert.That(first.Query<int>("select x from a order by x"), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public void Should_check_foreign_keys_only_for_a_connection_that_asks()
    {
        using var keen = Open("keys", "create table a (id integer primary key); create table b (a references a)");
        using var careless = Open("keys", foreignKeys: false);

        Assert.That(() => keen.Execute("insert into b values (7)"), Throws.TypeOf<SqliteException>());
        Assert.That(careless.Execute("insert into b values (7)"), Is.EqualTo(1));
    }

    [Test]
    public void Should_take_back_to_a_savepoint_and_keep_what_was_before_it()
    {
        using var db = Open("savepoints", "create table a (x int)");
        using (var transaction = db.BeginTransaction())
        {
            db.Execute("insert into a values (1)", transaction: transaction);
            transaction.Save("one");
            db.Execute("insert into a values (2)", transaction: transaction);
            transaction.Rollback("one");
            transaction.Commit();
        }

        Assert.That(db.Query<int>("select x from a"), Is.EqualTo(new[] { 1 }));
    }

    private SqliteConnection Open(string name, string? schema = null, bool foreignKeys = true)
    {
        var db = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _folder.File(name + ".db"),
            ForeignKeys = foreignKeys,
            DefaultTimeout = 30,
            Pooling = false,
        }.ToString());
        db.Open();
        db.Execute("pragma journal_mode = wal");
        if (schema is not null)
            db.Execute(schema);
        return db;
    }
}
