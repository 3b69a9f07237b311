using System.Text;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using RabbitMQ.Client;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>SIGKILL, with a real broker and a real registry that is not looked through: what was told is all there is.</summary>
public sealed class When_it_is_killed
{
    private const int Images = 24;

    private Broker _broker = null!;
    private Registry _registry = null!;
    private ServiceProcess _graphTracker = null!;

    [SetUp]
    public async Task SetUpAsync()
    {
        _broker = await Broker.StartAsync();
        _registry = await Registry.StartAsync();
        _graphTracker = await ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
        {
            ["Bus:Address"] = _broker.Address.ToString(),
            ["Store:Folder"] = "{folder}",
            ["Registries:Default"] = _registry.Host,
            ["Registries:Known:0:Host"] = _registry.Host,
            ["Registries:Known:0:Url"] = _registry.Url.ToString(),
            ["Registries:Known:0:ReconcileInterval"] = "00:00:00",
            ["Layers:QuestionsTogether"] = "1",
        });
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        await _graphTracker.DisposeAsync();
        await _registry.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Test]
    public async Task Should_ask_after_its_next_start_what_it_had_not_been_answered()
    {
        await PushAsync(Images);
        await _registry.FreezeAsync();
        await TellAsync(times: 2);
        await _graphTracker.KillAsync();
        Assert.That(Count("tag_move"), Is.Zero);

        await _registry.WakeAsync();
        await _graphTracker.StartAgainAsync();
        await OneMoveEachAsync();
    }

    [Test]
    public async Task Should_make_one_move_of_each_push_however_often_it_dies_in_between()
    {
        await PushAsync(Images);
        await TellAsync(times: 1);
        for (var death = 1; death <= 3; death++)
        {
            var enough = death * Images / 5;
            await Wait.UntilAsync("some answers", () => Count("tag_move") >= enough);
            await _graphTracker.KillAsync();
            await _graphTracker.StartAgainAsync();
            await TellAsync(times: 1);
        }

        await OneMoveEachAsync();
    }

    private async Task PushAsync(int images)
    {
        for (var i = 0; i < images; i++)
            await _registry.PushNewBaseAsync($"image-{i}", "1");
    }

    private async Task TellAsync(int times)
    {
        await using var connection = await new ConnectionFactory { Uri = _broker.Address }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        for (var i = 0; i < Images * times; i++)
        {
            var body = $$"""{"image":{"repository":"image-{{i % Images}}"},"tag":"1","digest":"{{Graph.Digest("a hint")}}"}""";
            await channel.BasicPublishAsync("builds.image-pushed", "", mandatory: true, Encoding.UTF8.GetBytes(body));
        }

        // acknowledged, not only delivered: the management API counts both
        await Wait.UntilAsync("all of them to be on disk", async () =>
            (await _broker.ControlAsync("list_queues", "--quiet", "--no-table-headers", "name", "messages"))
                .Split('\n').Any(line => line.Trim() == "graph-tracker.image-pushed\t0"));
    }

    private async Task OneMoveEachAsync()
    {
        await Wait.UntilAsync("all answers", () => Count("question") == 0);
        Assert.That(Query<string>("select image.repository || ' ' || moves from tag join image on image.id = tag.image"),
            Is.EquivalentTo(Enumerable.Range(0, Images).Select(i => $"image-{i} 1")));
        Assert.That(Query<string>("select distinct state from manifest"), Is.EqualTo(new[] { "read" }));
    }

    private long Count(string table) => Query<long>($"select count(*) from {table}").Single();

    private List<T> Query<T>(string sql)
    {
        using var db = new SqliteConnection($"Data Source={_graphTracker.Folder}/graph.db;Mode=ReadOnly;Default Timeout=10");
        return db.Query<T>(sql).AsList();
    }
}
