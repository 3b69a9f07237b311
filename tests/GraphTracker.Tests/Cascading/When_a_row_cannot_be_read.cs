using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Dapper;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A row of the store that somebody has damaged stops what it is about, and nothing else.</summary>
public sealed class When_a_row_cannot_be_read
{
    private World _world = null!;
    private BuildRequested _runtime = null!;

    [SetUp]
    public async Task Two_trees_of_which_one_is_rebuilt()
    {
        _world = await World.OfTwoTreesAsync();
        await _world.ToldAsync();
        await _world.PushAsync("os", "2");
        _runtime = (await _world.DecideAsync()).Single();
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [Test]
    public async Task Should_take_the_other_ends_and_try_the_one_again()
    {
        await _world.PushAsync("tools", "2");
        var lint = (await _world.DecideAsync()).Single();
        await _world.FinishAsync(_runtime, BuildOutcome.Failed);
        await _world.FinishAsync(lint);
        await BreakAsync();

        await _world.DecideAsync();
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "runtime: rebuild" }));
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "running", "done" }));
        Assert.That(Problems["os"], Does.Contain("it is broken"));
        Assert.That(Problems["tools"], Is.Null);

        _world.Graph.Now += Apart.Pause;
        Assert.That((await RoundAsync()).Stuck.Single().What, Does.Contain("/runtime:latest"));
        await WriteAsync("drop trigger broken");
        await _world.DecideAsync();
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "runtime: rebuild" }), "not before its time");

        _world.Graph.Now += Apart.Pause;
        await _world.DecideAsync();
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "runtime: failed" }));
        Assert.That(_world.NextOf("runtime"), Does.Contain("RUN ended with 7"));
        Assert.That(Problems.Values, Is.All.Null);
    }

    [Test]
    public async Task Should_take_an_end_at_once_where_something_about_it_changes()
    {
        await _world.FinishAsync(_runtime, BuildOutcome.Failed);
        await BreakAsync();
        await _world.DecideAsync();
        await WriteAsync("drop trigger broken");

        await _world.BuildAsync("runtime");
        await _world.DecideAsync();
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "done" }));
    }

    [TestCase("none")]
    [TestCase("null")]
    public async Task Should_end_a_rebuild_of_whose_end_only_the_outcome_can_be_read(string record)
    {
        await _world.FinishAsync(_runtime, BuildOutcome.Failed);
        await WriteAsync($"update build set completed = '{record}' where id = '{_runtime.BuildId}'");

        await _world.DecideAsync();

        Assert.That(_world.Outdated, Is.EqualTo(new[] { "runtime: failed" }));
        Assert.That(_world.NextOf("runtime"), Does.Contain("the build failed"));
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "blocked" }));
        Assert.That(Problems["os"], Is.Null);
    }

    [TestCase("update build set completed = 'none' where completed ->> '$.image.repository' = 'runtime'", "record")]
    [TestCase("update build set completed = json_remove(completed, '$.attempt')"
        + " where completed ->> '$.image.repository' = 'runtime'", "record")]
    [TestCase("update definition set definition = json_remove(definition, '$.version')"
        + " where definition ->> '$.source.git' glob '*/runtime.git'", "definition")]
    public async Task Should_fail_a_rebuild_whose_recipe_cannot_be_read_and_give_its_place_to_the_next(
        string damage, string fault)
    {
        await _world.FinishAsync(_runtime);
        await _world.DecideAsync();
        await _world.ToldAsync();
        var sound = _world.Graph.Query<(string, string, string)>(
            "select 'build', id, completed from build union all select '', cast(image as text), definition from definition");
        await WriteAsync(damage);
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 1 };
        await _world.PushAsync("os", "3");
        await _world.PushAsync("tools", "2");

        Assert.That((await _world.DecideAsync()).Select(request => request.Image.Repository), Is.EqualTo(new[] { "lint" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "lint: rebuild", "runtime: failed" }));
        Assert.That(_world.NextOf("runtime"), Does.Contain($"{fault}").And.Contain("cannot be read").And.Contain("resume"));
        var cascade = _world.Graph.Query<string>("select cascade from verdict where outlook = 'failed'").Single();
        Assert.That(_world.NodesOf(Guid.Parse(cascade)), Is.EqualTo(new[] { "runtime latest: failed" }));
        _world.Graph.Now += TimeSpan.FromHours(1);
        Assert.That(await _world.DecideAsync(), Is.Empty, "it would fail on the same again");
        Assert.That(Select().Told.OfType<BuildRequested>().Select(request => request.Image.Repository), Is.EqualTo(new[] { "lint" }));

        foreach (var (table, id, json) in sound)
            await WriteAsync(table == "build"
                ? $"update build set completed = '{json}' where id = '{id}'"
                : $"update definition set definition = '{json}' where image = {id}");
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 2 };
        await _world.ChangeAsync(Guid.Parse(cascade), CascadeChange.Resume);
        Assert.That((await _world.DecideAsync()).Single().Image.Repository, Is.EqualTo("runtime"));
    }

    [Test]
    public async Task Should_fail_a_rebuild_whose_request_cannot_be_read_and_give_its_place_to_the_next()
    {
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 1 };
        await _world.PushAsync("tools", "2");
        Assert.That(await _world.DecideAsync(), Is.Empty, "there is no room");
        await WriteAsync("update rebuild set request = json_remove(request, '$.source')"); // of a version with other fields

        await FailUnreadableAsync();

        Assert.That((await _world.DecideAsync()).Select(request => request.Image.Repository), Is.EqualTo(new[] { "lint" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "lint: rebuild", "runtime: failed" }));
        Assert.That(_world.NextOf("runtime"), Does.Contain("its request cannot be read"));
        Assert.That(Select().Stuck, Is.Empty);
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 2 };
        await _world.ChangeAsync(_runtime.Cause!.CascadeId!.Value, CascadeChange.Resume);
        var again = (await _world.DecideAsync()).Single();
        Assert.That((again.Image.Repository, again.BuildId == _runtime.BuildId), Is.EqualTo(("runtime", false)));
    }

    [Test]
    public async Task Should_not_look_for_ever_at_a_request_that_cannot_be_read_and_is_needed_no_more()
    {
        await _world.FinishAsync(_runtime);
        await _world.DecideAsync();
        await WriteAsync("update rebuild set request = 'none', told = 0");
        Assert.That(Select().Stuck, Is.Not.Empty);

        await FailUnreadableAsync();

        Assert.That(Select().Stuck, Is.Empty);
        Assert.That(_world.Graph.Query<string>("select state from rebuild"), Is.EqualTo(new[] { "done" }));
    }

    [Test]
    public async Task Should_estimate_by_the_records_that_can_be_read()
    {
        var minutes = _world.Preview("os").Minutes;
        await _world.FinishAsync(_runtime);
        await _world.DecideAsync();
        await WriteAsync($"update build set completed = 'none' where id = '{_runtime.BuildId}'");

        Assert.That(_world.Preview("os").Minutes, Is.EqualTo(minutes).And.Not.Null);
    }

    [Test]
    public async Task Should_name_the_image_that_is_at_fault_among_all_that_stand_on_a_base()
    {
        await _world.GrowAsync("shell", "os");
        await WriteAsync("update definition set definition = 'none' where definition ->> '$.source.git' glob '*/runtime.git'");
        await _world.PushAsync("os", "3");

        await _world.DecideAsync();
        Assert.That(_world.Graph.Query<string>("select problem from undecided").Single(),
            Does.Contain("/runtime:latest").And.Contain("malformed JSON"));
    }

    [Test]
    public async Task Should_tell_all_else_and_forget_nothing()
    {
        _world.Settings = new() { SettleSeconds = 0, MostAtOnce = 1000 };
        await WriteAsync("update rebuild set request = 'null'");
        await WriteAsync("""
            insert into rebuild (build, cascade, image, unit, old_manifest, bases, depth, move, try, state, reason, request,
                                 asked_at, look_at)
            with recursive many(n) as (select 1 union all select n + 1 from many where n < 300)
            select n, cascade, image, unit, old_manifest, bases, depth, move, try, 'open', reason, 'none', asked_at, look_at
              from rebuild, many
            """);
        await _world.PushAsync("tools", "2");
        await _world.DecideAsync();
        await WriteAsync($"update cascade set counts = 'none' where id = '{_runtime.Cause!.CascadeId}'");
        await WriteAsync($"update verdict set outlook = 'whatever' where build = '{_runtime.BuildId}'");

        var (told, stuck) = Select();
        Assert.Multiple(() =>
        {
            Assert.That(told.OfType<BuildRequested>().Single().Image.Repository, Is.EqualTo("lint"));
            Assert.That(told.OfType<ImageOutdated>().Single().Image.Repository, Is.EqualTo("lint"));
            Assert.That(told.OfType<CascadeChanged>().Count(), Is.EqualTo(1));
            Assert.That(stuck, Does.Contain($"The rebuild {_runtime.BuildId}"));
            Assert.That(stuck, Has.Some.EndsWith("/runtime:latest").And.Some.StartsWith("How far cascade"));
        });

        await _world.ToldAsync();
        Assert.That(Select().Told, Is.Empty);
        Assert.That(Select().Stuck.Count(), Is.EqualTo(303), "they stay");
        await WriteAsync($"""
            update rebuild set request = '{JsonSerializer.Serialize(_runtime, Snapshots.Json)}' where request = 'null'
            """);
        await WriteAsync("update verdict set outlook = 'rebuild' where outlook = 'whatever'");
        await WriteAsync("update cascade set counts = '{}' where counts = 'none'");
        Assert.That(Select().Told.Select(message => message.GetType()),
            Is.EquivalentTo(new[] { typeof(BuildRequested), typeof(ImageOutdated), typeof(CascadeChanged) }));
    }

    private (IReadOnlyList<object> Told, IEnumerable<string> Stuck) Select()
    {
        var stuck = new List<Stuck>();
        var told = _world.Graph.Store.Read(db => Untold.Select(db, stuck));
        return ([.. told.Select(one => one.Message)], stuck.Select(one => one.What));
    }

    private Task BreakAsync() => WriteAsync($"""
        create trigger broken before update of state on rebuild when new.build = '{_runtime.BuildId}'
        begin select raise(abort, 'it is broken'); end
        """);

    private async Task FailUnreadableAsync()
    {
        var stuck = new List<Stuck>();
        _world.Graph.Store.Read(db => Untold.Select(db, stuck));
        foreach (var rebuild in stuck)
            await _world.Graph.Store.WriteAsync(
                db => Unreadable.Fail(db, rebuild.Build!, rebuild.Error, _world.Graph.Now.ToUnixTimeMilliseconds()),
                CancellationToken.None);
    }

    /// <summary>By the repository whose push began it.</summary>
    private Dictionary<string, string?> Problems => _world.Graph.Store
        .Read(db => CascadeSummaries.Page(db, null, null, 100))
        .ToDictionary(one => one.Root.Split('/', ':')[1], one => one.Problem);

    private Task WriteAsync(string sql) =>
        _world.Graph.Store.WriteAsync(db => { db.Execute(sql); }, CancellationToken.None);

    private Task<Decided> RoundAsync() => _world.Graph.Store.WriteAsync(
        db => Round.Run(db, _world.Settings, _world.Graph.Now.ToUnixTimeMilliseconds()), CancellationToken.None);
}
