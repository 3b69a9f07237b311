using Builds.Gateway.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Tests.Storing;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_writing_to_the_store : IDisposable
{
    private const string Insert = "insert into outbox (type, body, send_at) values ('x', @body, 0)";

    private readonly TempFolder _folder = new("store");

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task Should_take_back_the_failing_write_and_no_other_of_its_batch()
    {
        await using var store = Open();
        using var gate = new ManualResetEventSlim();
        var holding = store.WriteAsync(_ => gate.Wait(Wait.Generous), default); // so that the others wait together
        var good = store.WriteAsync(db => db.Execute(Insert, new { body = "good" }), default);
        var bad = store.WriteAsync<int>(
            db =>
            {
                db.Execute(Insert, new { body = "bad" });
                throw new InvalidOperationException("mine");
            },
            default);
        var after = store.WriteAsync(db => db.Execute(Insert, new { body = "after" }), default);
        gate.Set();

        await Task.WhenAll(holding, good, after);

        Assert.That(async () => await bad, Throws.InvalidOperationException.With.Message.EqualTo("mine"));
        Assert.That(Bodies(store), Is.EqualTo(new[] { "good", "after" }));
    }

    [Test]
    public async Task Should_fail_all_and_go_on_when_the_file_is_full()
    {
        await using var store = Open();
        await store.WriteAsync(db => { db.Execute("pragma max_page_count = 1"); }, default);

        Assert.That(
            async () => await store.WriteAsync(db => db.Execute(Insert, new { body = new string('x', 1_000_000) }), default),
            Throws.InstanceOf<Microsoft.Data.Sqlite.SqliteException>());
        await store.WriteAsync(db => { db.Execute("pragma max_page_count = 100000"); }, default);
        await store.WriteAsync(db => db.Execute(Insert, new { body = "again" }), default);

        Assert.That(Bodies(store), Is.EqualTo(new[] { "again" }));
    }

    [Test]
    public async Task Should_find_all_that_was_answered_after_a_restart()
    {
        await using (var store = Open())
        {
            await Task.WhenAll(Enumerable.Range(0, 1000).Select(
                number => store.WriteAsync(db => db.Execute(Insert, new { body = $"{number}" }), default)));
        }

        await using var again = Open();

        Assert.That(Bodies(again), Has.Count.EqualTo(1000));
    }

    [Test]
    public async Task Should_leave_nobody_waiting_for_a_writer_that_is_gone()
    {
        var store = Open();
        store.Committed += () => throw new InvalidOperationException("a listener that breaks the rule");

        await store.WriteAsync(db => db.Execute(Insert, new { body = "x" }), default);

        Assert.That(
            async () => await store.WriteAsync(db => db.Execute(Insert, new { body = "y" }), default),
            Throws.Exception);
    }

    private GatewayStore Open() => new(Options.Create(new StoreOptions { Folder = _folder.FullPath }));

    private static List<string> Bodies(GatewayStore store) =>
        store.Read(db => db.Query<string>("select body from outbox order by id").AsList());
}
