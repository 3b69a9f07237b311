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
            ["Store:Folder"] = "{folder}",
            ["Registries:Default"] = "registry.example.org",
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
    [TestCase("graph-tracker.read-graph", "classic", "graph-tracker.read-graph")]
    [TestCase("graph-tracker.list-registries", "classic", "graph-tracker.list-registries")]
    [TestCase("worker.build-requested", "quorum", "builds.build-requested")]
    [TestCase("gateway.build-requested", "quorum", "builds.build-requested")]
    [TestCase("gateway.image-outdated", "classic", "builds.image-outdated")]
    [TestCase("gateway.image-current", "classic", "builds.image-current")]
    [TestCase("gateway.cascade-changed", "classic", "builds.cascade-changed")]
    public async Task Should_declare(string queue, string type, string exchange)
    {
        var declared = await GetAsync("queues/%2F/" + queue);
        var fed = (await GetAsync($"bindings/%2F/e/{exchange}/q/{queue}")).AsArray();
        if (fed.Count == 0) // what it reads itself is fed through an exchange with the queue's name
            fed = (await GetAsync($"bindings/%2F/e/{exchange}/e/{queue}")).AsArray();
        var arguments = declared["arguments"]!.AsObject().Select(argument => $"{argument.Key}={argument.Value}");

        Assert.Multiple(() =>
        {
            Assert.That((string?)declared["type"], Is.EqualTo(type));
            Assert.That((bool?)declared["durable"], Is.True);
            Assert.That((bool?)declared["auto_delete"], Is.False);
            Assert.That(arguments, Is.EqualTo(type == "quorum" ? ["x-queue-type=quorum"] : Array.Empty<string>()));
            Assert.That(fed, Has.Count.EqualTo(1));
        });
    }

    [Test]
    public async Task Should_take_what_was_published_before_it_ever_started()
    {
        await using var broker = await Broker.StartAsync();
        await using var connection = await new ConnectionFactory { Uri = broker.Address }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        // as its publishers declare it
        await channel.ExchangeDeclareAsync("builds.image-pushed", "fanout", durable: true);
        await channel.QueueDeclareAsync("graph-tracker.image-pushed", durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.QueueBindAsync("graph-tracker.image-pushed", "builds.image-pushed", routingKey: "");
        await channel.BasicPublishAsync(
            "builds.image-pushed",
            routingKey: "",
            mandatory: true,
            Encoding.UTF8.GetBytes($$"""{"image":{"repository":"team/api"},"digest":"sha256:{{new string('0', 64)}}"}"""));

        await using var graphTracker = await ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
        {
            ["Bus:Address"] = broker.Address.ToString(),
            ["Store:Folder"] = "{folder}",
            ["Registries:Default"] = "registry.example.org",
        });

        await Wait.UntilAsync("an empty queue", async () =>
            await channel.MessageCountAsync("graph-tracker.image-pushed") == 0);
    }

    private async Task<JsonNode> GetAsync(string path) =>
        (await _broker.Http.GetFromJsonAsync<JsonNode>(new Uri("api/" + path, UriKind.Relative)))!;
}
