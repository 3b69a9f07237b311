using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Builds.Parts;
using RabbitMQ.Client;

namespace Builds.GraphTracker.Tests;

public sealed class When_it_starts
{
    private Broker _broker = null!;
    private ServiceProcess _graphTracker = null!;

    [OneTimeSetUp]
    public async Task SetUpAsync()
    {
        _broker = await Broker.StartAsync();
        _graphTracker = await ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
        {
            ["Bus:Address"] = _broker.Address.ToString(),
        });
    }

    [OneTimeTearDown]
    public async Task TearDownAsync()
    {
        await _graphTracker.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [TestCase("graph-tracker.image-pushed", "quorum", "builds.image-pushed")]
    [TestCase("graph-tracker.build-completed", "classic", "builds.build-completed")]
    [TestCase("graph-tracker.image-defined", "classic", "builds.image-defined")]
    [TestCase("graph-tracker.image-forgotten", "classic", "builds.image-forgotten")]
    [TestCase("worker.build-requested", "quorum", "builds.build-requested")]
    [TestCase("gateway.build-requested", "quorum", "builds.build-requested")]
    [TestCase("gateway.image-outdated", "classic", "builds.image-outdated")]
    [TestCase("gateway.image-current", "classic", "builds.image-current")]
    [TestCase("gateway.cascade-changed", "classic", "builds.cascade-changed")]
    public async Task Should_declare(string queue, string type, string exchange)
    {
        var declared = await GetAsync("queues/%2F/" + queue);
        var fed = await GetAsync($"bindings/%2F/e/{exchange}/q/{queue}");
        var arguments = declared["arguments"]!.AsObject().Select(argument => $"{argument.Key}={argument.Value}");

        Assert.Multiple(() =>
        {
            Assert.That((string?)declared["type"], Is.EqualTo(type));
            Assert.That((bool?)declared["durable"], Is.True);
            Assert.That((bool?)declared["auto_delete"], Is.False);
            Assert.That(arguments, Is.EqualTo(type == "quorum" ? ["x-queue-type=quorum"] : Array.Empty<string>()));
            Assert.That(fed.AsArray(), Has.Count.EqualTo(1));
        });
    }

    [Test]
    public async Task Should_keep_what_is_published_before_anybody_reads()
    {
        await using var connection = await new ConnectionFactory { Uri = _broker.Address }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));

        await channel.BasicPublishAsync(
            "builds.image-pushed",
            routingKey: "",
            mandatory: true,
            Encoding.UTF8.GetBytes("""{"image":{"repository":"team/api"},"digest":"sha256:00"}"""));

        var kept = await channel.BasicGetAsync("graph-tracker.image-pushed", autoAck: true);
        Assert.That(kept, Is.Not.Null);
    }

    private async Task<JsonNode> GetAsync(string path) =>
        (await _broker.Http.GetFromJsonAsync<JsonNode>(new Uri("api/" + path, UriKind.Relative)))!;
}
