using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_one_cascade_cannot_be_decided
{
    private World _world = null!;

    [SetUp]
    public async Task Two_trees()
    {
        _world = await World.OfTwoTreesAsync();
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_decide_the_others_and_try_it_again()
    {
        await _world.PushAsync("os", "2");
        var runtime = (await _world.DecideAsync()).Single();
        await WriteAsync("update rebuild set build = 'none'");
        await _world.PushAsync("os", "3");
        await _world.PushAsync("tools", "2");

        Assert.That(await DecideAsync(), Is.EqualTo(new[] { "lint" }));
        Assert.That(Kept, Is.EqualTo(new[] { "os" }));

        await WriteAsync($"update rebuild set build = '{runtime.BuildId}' where build = 'none'");
        Assert.That(await _world.DecideAsync(), Is.Empty, "not before its time");
        _world.Graph.Now += Apart.Pause;
        await _world.DecideAsync();
        await _world.FinishAsync(runtime);
        await _world.SettleAsync();
        Assert.That(Kept, Is.Empty);
        Assert.That(_world.Outdated.Single(), Does.StartWith("lint"), "whose rebuild is still open");
    }

    [Test]
    public async Task Should_say_what_is_wrong_and_be_tried_at_once_where_something_changes()
    {
        await _world.PushAsync("os", "2");
        var runtime = (await _world.DecideAsync()).Single();
        await WriteAsync("update rebuild set build = 'none'");
        await _world.PushAsync("os", "3");

        var decided = await RoundAsync();

        var stuck = decided.Stuck.Single();
        Assert.That(stuck.What, Does.Contain("/os:latest"));
        Assert.That(stuck.Error.GetBaseException(), Is.InstanceOf<FormatException>());
        Assert.That(stuck.Error.Message, Does.Contain("/runtime:latest"));
        await WriteAsync($"update rebuild set build = '{runtime.BuildId}' where build = 'none'");
        await _world.PushAsync("os", "4");
        Assert.That((await RoundAsync()).Stuck, Is.Empty);
        Assert.That(Kept, Is.Empty);
    }

    [Test]
    public async Task Should_be_listed_with_what_is_wrong([Values] bool atItsRoot)
    {
        await _world.PushAsync("os", "2");
        var runtime = (await _world.DecideAsync()).Single();
        await _world.PushAsync("tools", "2");
        await _world.DecideAsync();
        Assert.That(Problems, Is.EqualTo(new Dictionary<string, string?> { ["os"] = null, ["tools"] = null }));
        await WriteAsync("""
            update definition set definition = json_set(definition, '$.rebuild.on', 'whenever')
             where definition ->> '$.source.git' glob '*/runtime.git'
            """);

        if (atItsRoot)
            await _world.PushAsync("os", "3");
        else
            await _world.FinishAsync(runtime, BuildOutcome.Failed);
        await _world.DecideAsync();

        Assert.That(Problems["os"], Does.Contain("'whenever' was not found").And.Contain("/runtime:latest"));
        Assert.That(Problems["tools"], Is.Null);
        await WriteAsync("update definition set definition = json_set(definition, '$.rebuild.on', 'everyFrom')");
        _world.Graph.Now += Apart.Pause;
        await _world.DecideAsync();
        Assert.That(Problems.Values, Is.All.Null);
    }

    [Test]
    public async Task Should_tell_the_bad_from_the_good_among_many()
    {
        var names = Enumerable.Range(0, 40).Select(number => $"base{number}").ToList();
        foreach (var name in names)
        {
            await _world.PushAsync(name, "1");
            await _world.GrowAsync($"over-{name}", name);
        }

        await _world.DecideAsync();
        await WriteAsync("""
            update definition set definition = json_set(definition, '$.rebuild.on', 'whenever')
             where definition ->> '$.source.git' glob '*/over-base*[05].git'
            """);
        foreach (var name in names)
            await _world.PushAsync(name, "2");

        var asked = await _world.DecideAsync();

        Assert.That(asked.Select(request => request.Image.Repository),
            Is.EquivalentTo(names.Where(name => name[^1] is not ('0' or '5')).Select(name => $"over-{name}")));
        Assert.That(Kept, Is.EquivalentTo(names.Where(name => name[^1] is '0' or '5')));
    }

    [Test]
    public async Task Should_ask_for_the_others_where_one_can_neither_be_asked_for_nor_fail()
    {
        await WriteAsync("""
            create trigger broken before insert on rebuild
              when (select repository from image where id = new.image) = 'runtime'
            begin select raise(abort, 'it is broken'); end
            """);
        await _world.PushAsync("os", "2");
        await _world.PushAsync("tools", "2");

        Assert.That(await DecideAsync(), Is.EqualTo(new[] { "lint" }));
        Assert.That(_world.NextOf("runtime"), Does.Contain("could not be decided").And.Contain("it is broken"));

        await WriteAsync("drop trigger broken");
        _world.Graph.Now += Apart.Pause;
        Assert.That(await DecideAsync(), Is.EqualTo(new[] { "runtime" }));
    }

    [Test]
    public async Task Should_not_build_on_what_is_stuck()
    {
        await _world.GrowAsync("api", "runtime", "tools");
        await _world.DecideAsync();
        _world.Settings = new() { SettleSeconds = 60, MostAtOnce = 100 };
        await _world.PushAsync("tools", "2");
        await _world.DecideAsync();
        await WriteAsync("""
            update definition set definition = json_set(definition, '$.rebuild.on', 'whenever')
             where definition ->> '$.source.git' glob '*/runtime.git'
            """);
        await _world.PushAsync("os", "2");
        _world.Graph.Now += TimeSpan.FromMinutes(2);

        Assert.That(await DecideAsync(), Is.EqualTo(new[] { "lint" }),
            "api stands on runtime too");
    }

    [TestCase(19, true)]
    [TestCase(1, true)]
    [TestCase(13, false)]
    [TestCase(10, false)]
    [TestCase(11, false)]
    [TestCase(8, false)]
    [TestCase(5, false)]
    public async Task Should_not_blame_a_part_for_a_store_that_fails(int code, bool itsOwn)
    {
        Exception? error = null;
        var round = _world.Graph.Store.WriteAsync(db =>
        {
            error = Apart.Try(db, () =>
            {
                db.Execute("delete from verdict");
                db.Execute("insert into undecided (tag) select id from tag");
                throw new SqliteException("it fails", code);
            });
        }, CancellationToken.None);

        if (itsOwn)
            await round;
        else
            Assert.That(async () => await round, Throws.InstanceOf<SqliteException>());
        Assert.That(error is not null, Is.EqualTo(itsOwn));
        Assert.That(Kept, Is.Empty, "what it did is taken back");
    }

    /// <summary>By the repository whose push began it.</summary>
    private Dictionary<string, string?> Problems => _world.Graph.Store
        .Read(db => CascadeSummaries.Page(db, null, null, 100))
        .ToDictionary(one => one.Root.Split('/', ':')[1], one => one.Problem);

    private IReadOnlyList<string> Kept => _world.Graph.Query<string>("""
        select image.repository from undecided join tag on tag.id = undecided.tag join image on image.id = tag.image
        """);

    private async Task<IEnumerable<string>> DecideAsync() =>
        (await _world.DecideAsync()).Select(request => request.Image.Repository);

    private Task WriteAsync(string sql) =>
        _world.Graph.Store.WriteAsync(db => { db.Execute(sql); }, CancellationToken.None);

    private Task<Decided> RoundAsync() => _world.Graph.Store.WriteAsync(
        db => Round.Run(db, _world.Settings, _world.Graph.Now.ToUnixTimeMilliseconds()), CancellationToken.None);
}
