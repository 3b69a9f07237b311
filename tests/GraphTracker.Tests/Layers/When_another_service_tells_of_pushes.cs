using System.Text;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using RabbitMQ.Client;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>Portus publishes plain JSON, and names the registry only where it is not the usual one.</summary>
public sealed class When_another_service_tells_of_pushes
{
    private const string Errors = "graph-tracker.image-pushed_error";

    private Broker _broker = null!;
    private Registry _registry = null!;
    private ServiceProcess _tracker = null!;
    private IConnection _connection = null!;
    private IChannel _channel = null!;

    [OneTimeSetUp]
    public async Task Parts()
    {
        _broker = await Broker.StartAsync();
        _registry = await Registry.StartAsync();
        _tracker = await ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
        {
            ["Bus:Address"] = _broker.Address.ToString(),
            ["Store:Folder"] = "{folder}",
            ["Registries:Default"] = _registry.Host,
            ["Registries:Known:0:Host"] = _registry.Host,
            ["Registries:Known:0:Url"] = _registry.Url.ToString(),
            ["Registries:Known:0:ReconcileInterval"] = "00:00:00",
        });
        _connection = await new ConnectionFactory { Uri = _broker.Address }.CreateConnectionAsync();
        _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(true, true));
    }

    [OneTimeTearDown]
    public async Task No_parts()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
        await _tracker.DisposeAsync();
        await _registry.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Test]
    public async Task Should_take_the_default_registry_where_none_is_named_and_know_that_a_tag_is_deleted()
    {
        var digest = await _registry.PushNewBaseAsync("team/os", "1");
        await TellAsync($$"""{"image":{"repository":"team/os"},"tag":"1","digest":"{{digest}}"}""");
        await PointsToAsync("team/os", digest);
        Assert.That(Query<string>("select registry from image where repository = 'team/os'"), Is.EqualTo(new[] { _registry.Host }));

        await _registry.DeleteAsync("team/os", digest);
        await TellAsync("""{"image":{"repository":"team/os"},"tag":"1","digest":""}""");
        await PointsToAsync("team/os", "nothing");
    }

    [Test]
    public async Task Should_know_that_the_tags_of_what_is_deleted_by_its_digest_are_gone_and_no_others()
    {
        var files = new Dictionary<string, byte[]> { ["/etc/version"] = Guid.NewGuid().ToByteArray() };
        var digest = "";
        foreach (var (repository, tag) in new[] { ("team/deleted", "1"), ("team/deleted", "1.0"), ("team/kept", "1") })
        {
            digest = await _registry.PushBaseAsync(repository, tag, files);
            await TellAsync($$"""{"image":{"repository":"{{repository}}"},"tag":"{{tag}}","digest":"{{digest}}"}""");
        }

        var other = await _registry.PushNewBaseAsync("team/deleted", "2");
        await TellAsync($$"""{"image":{"repository":"team/deleted"},"tag":"2","digest":"{{other}}"}""");
        await PointToAsync("team/deleted", digest, digest, other);
        await PointToAsync("team/kept", digest);

        await _registry.DeleteAsync("team/deleted", digest);
        await TellAsync($$"""{"image":{"repository":"team/deleted"},"digest":"{{digest}}"}""");
        await PointToAsync("team/deleted", "nothing", "nothing", other);
        await PointToAsync("team/kept", digest);
    }

    [Test]
    public async Task Should_read_what_is_pushed_without_a_tag()
    {
        var digest = await _registry.PushNewBaseAsync("team/untagged", "1");
        await TellAsync($$"""{"image":{"repository":"team/untagged"},"digest":"{{digest}}"}""");

        await Wait.UntilAsync("it to be read", () =>
            Query<string>($"select state from manifest where digest = '{digest}'").SequenceEqual(["read"]));
        Assert.That(TagsOf("team/untagged"), Is.Empty);
    }

    [TestCase("""{"image":{"repository":"Team/OS"},"tag":"1","digest":"DIGEST"}""", "image.repository")]
    [TestCase("""{"image":{"repository":"team/../os"},"tag":"1","digest":"DIGEST"}""", "image.repository")]
    [TestCase("""{"image":{"registry":"http://x","repository":"team/os"},"tag":"1","digest":"DIGEST"}""", "image.registry")]
    [TestCase("""{"image":{"repository":"team/os"},"tag":"../1","digest":"DIGEST"}""", "tag")]
    [TestCase("""{"image":{"repository":"team/os"},"tag":"1","digest":"sha256:1"}""", "digest")]
    [TestCase("""{"image":{"repository":"team/os"},"digest":""}""", "digest")]
    public async Task Should_put_what_is_no_name_into_the_error_queue_and_serve_the_next(string body, string wrong)
    {
        var digest = await _registry.PushNewBaseAsync("team/next", "1");
        await TellAsync(body.Replace("DIGEST", digest, StringComparison.Ordinal));
        await TellAsync($$"""{"image":{"repository":"team/next"},"tag":"1","digest":"{{digest}}"}""");

        await PointsToAsync("team/next", digest);
        Assert.That(await FailedAsync(), Does.StartWith($"ImagePushed.{wrong} is \""));
    }

    [Test]
    public async Task Should_conclude_nothing_of_a_base_that_the_registry_has_collected()
    {
        var old = await _registry.PushNewBaseAsync("team/base", "1");
        await _registry.DeleteAsync("team/base", old);
        var present = await _registry.PushNewBaseAsync("team/base", "1");
        var api = await _registry.PushBaseAsync("team/api", "1", labels: new Dictionary<string, string>
        {
            ["org.opencontainers.image.base.name"] = $"{_registry.Host}/team/base:1",
            ["org.opencontainers.image.base.digest"] = old,
        });
        await TellAsync($$"""{"image":{"repository":"team/api"},"tag":"1","digest":"{{api}}"}""");

        await PointsToAsync("team/api", api);
        await PointsToAsync("team/base", present);
        await Wait.UntilAsync("all to be answered", () => Query<long>("select count(*) from question").Single() == 0);
        Assert.That(Query<string>($"select state from manifest where digest = '{old}'"), Is.EqualTo(new[] { "gone" }));
        Assert.That(Query<long>("select stale from footing"), Is.EqualTo(new[] { 0 }));
    }

    // The queue is there with its first message: one that is not ends the channel of who reads it.
    private async Task<string> FailedAsync()
    {
        await Wait.UntilAsync("the error queue", async () => (await _broker.ControlAsync(
            "list_queues", "--quiet", "--no-table-headers", "name")).Contains(Errors, StringComparison.Ordinal));
        BasicGetResult? failed = null;
        await Wait.UntilAsync("what failed", async () => (failed = await _channel.BasicGetAsync(Errors, autoAck: true)) is not null);
        return Encoding.UTF8.GetString((byte[])failed!.BasicProperties.Headers!["MT-Fault-Message"]!);
    }

    private async Task TellAsync(string body) =>
        await _channel.BasicPublishAsync("builds.image-pushed", "", mandatory: true, Encoding.UTF8.GetBytes(body));

    private Task PointsToAsync(string repository, string digest) => PointToAsync(repository, digest);

    private Task PointToAsync(string repository, params string[] digests) => Wait.UntilAsync(
        $"{repository} to point to {string.Join(", ", digests)}", () => TagsOf(repository).SequenceEqual(digests));

    private List<string> TagsOf(string repository) => Query<string>($"""
        select coalesce(manifest.digest, 'nothing') from tag
          join image on image.id = tag.image left join manifest on manifest.id = tag.manifest
         where image.repository = '{repository}' order by tag.name
        """);

    private List<T> Query<T>(string sql)
    {
        using var db = new SqliteConnection($"Data Source={_tracker.Folder}/graph.db;Mode=ReadOnly;Default Timeout=10");
        return db.Query<T>(sql).AsList();
    }
}
