using System.Text.Json;
using Builds.ServiceDefaults;
using MassTransit;
using MassTransit.RabbitMqTransport;

namespace Builds.Contracts.Tests.Wire;

public sealed class When_a_message_is_published
{
    private readonly Management _management = new(TheBroker.Broker);
    private BusHost _service = null!;
    private Client _client = null!;

    [OneTimeSetUp]
    public async Task SetUpAsync()
    {
        _service = await BusHost.StartAsync();
        _client = await Client.ConnectAsync();
    }

    [OneTimeTearDown]
    public async Task TearDownAsync()
    {
        await _client.DisposeAsync();
        await _service.DisposeAsync();
    }

    [TestCaseSource(typeof(Approved), nameof(Approved.Bodies))]
    public async Task Should_be_on_the_wire_as_approved(Type message, string body)
    {
        var queue = await _client.BindAsync(Approved.Exchanges[message]);

        await _service.Bus.Publish(JsonSerializer.Deserialize(body, message, Approved.Json)!, message);

        var sent = (await _management.LookForAsync(queue, 1)).Single()!;
        await _client.Channel.QueueDeleteAsync(queue, ifUnused: false, ifEmpty: false);
        Assert.Multiple(() =>
        {
            Assert.That((string?)sent["payload"], Is.EqualTo(body));
            Assert.That((string?)sent["exchange"], Is.EqualTo(Approved.Exchanges[message]));
            Assert.That((string?)sent["properties"]!["content_type"], Is.EqualTo("application/json"));
            Assert.That((int?)sent["properties"]!["delivery_mode"], Is.EqualTo(2), "persistent");
        });
    }

    [TestCaseSource(typeof(Approved), nameof(Approved.Messages))]
    public async Task Should_declare_its_exchange_durable_and_fanout(Type message)
    {
        var body = JsonSerializer.Deserialize(Approved.Full(message), message, Approved.Json)!;

        await _service.Bus.Publish(body, message);

        var exchange = await _management.DescribeAsync("exchanges", Approved.Exchanges[message]);
        Assert.Multiple(() =>
        {
            Assert.That((string?)exchange["type"], Is.EqualTo("fanout"));
            Assert.That((bool?)exchange["durable"], Is.True);
            Assert.That((bool?)exchange["auto_delete"], Is.False);
            Assert.That(exchange["arguments"]!.AsObject(), Is.Empty);
        });
    }

    [Test]
    public async Task Should_come_back_where_it_is_mandatory_and_nobody_has_a_queue_for_it()
    {
        var message = new CascadeChanged
        {
            CascadeId = Guid.Empty,
            Root = "registry.example.org/library/os:1",
            State = "running",
            Counts = new Dictionary<string, int>(),
        };

        Assert.That(
            async () => await _service.Bus.Publish(message, sent => sent.Mandatory = true),
            Throws.InstanceOf<MessageReturnedException>());
    }

    [Test]
    public async Task Should_wait_in_the_queue_of_a_reader_that_never_started()
    {
        await using var publisher = await BusHost.StartAsync(rabbit => rabbit.Feeds<BuildStarted>("wire.never-started"));

        await publisher.Bus.Publish(
            JsonSerializer.Deserialize<BuildStarted>(Approved.Full(typeof(BuildStarted)), Approved.Json)!,
            sent => sent.Mandatory = true);

        Assert.That(await _management.LookForAsync("wire.never-started", 1), Has.Count.EqualTo(1));
    }
}
