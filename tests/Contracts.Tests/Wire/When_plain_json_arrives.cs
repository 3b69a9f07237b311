using System.Text.Json;
using System.Threading.Channels;
using Builds.Parts;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Contracts.Tests.Wire;

[TestFixture(false)]
[TestFixture(true)]
public sealed class When_plain_json_arrives(bool quorum)
{
    private readonly string _queue = "wire.reader-" + (quorum ? "quorum" : "classic");
    private readonly Channel<ImagePushed> _read = Channel.CreateUnbounded<ImagePushed>();
    private readonly Management _management = new(TheBroker.Broker);
    private BusHost _service = null!;
    private Client _client = null!;

    [OneTimeSetUp]
    public async Task SetUpAsync()
    {
        // declared first by one who publishes into it, then by its reader: the arguments have to agree
        await using (await BusHost.StartAsync(DeclareByPublisher))
            _service = await BusHost.StartAsync(Read);
        _client = await Client.ConnectAsync();
    }

    [OneTimeTearDown]
    public async Task TearDownAsync()
    {
        await _client.DisposeAsync();
        await _service.DisposeAsync();
    }

    [TearDown]
    public async Task EmptyAsync()
    {
        if (await _management.HasAsync("queues", _queue + "_error"))
            await _management.TakeAsync(_queue + "_error");
    }

    [Test]
    public async Task Should_be_read_without_any_header()
    {
        var body = Approved.Full(typeof(ImagePushed));

        await _client.PublishAsync("builds.image-pushed", body);

        var read = await ReadAsync();
        Assert.That(JsonSerializer.Serialize(read, Approved.Json), Is.EqualTo(body));
    }

    [TestCase("not JSON", TestName = "{m}(not JSON)")]
    [TestCase("[]", TestName = "{m}(a list)")]
    [TestCase("""{"image":null,"digest":"sha256:00"}""", TestName = "{m}(null in a required field)")]
    [TestCase("""{"digest":"sha256:00"}""", TestName = "{m}(a required field is missing)")]
    [TestCase("""{"unrelated":1}""", TestName = "{m}(another object)")]
    public async Task Should_go_to_the_error_queue_with_the_reason_and_not_block_the_next(string body)
    {
        await _client.PublishAsync("builds.image-pushed", body);
        await _client.PublishAsync("builds.image-pushed", Approved.Full(typeof(ImagePushed)));

        await ReadAsync();
        var refused = (await Wait.ForAsync("the refused message", async () =>
            await _management.HasAsync("queues", _queue + "_error")
            && await _management.LookAsync(_queue + "_error") is { Count: > 0 } seen ? seen : null)).Single()!;

        Assert.Multiple(() =>
        {
            Assert.That((string?)refused["payload"], Is.EqualTo(body));
            Assert.That((string?)refused["properties"]!["headers"]!["MT-Fault-Message"], Is.Not.Empty);
        });
        TestContext.Out.WriteLine(refused["properties"]!["headers"]!["MT-Fault-Message"]);
    }

    private void DeclareByPublisher(IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Feeds<ImagePushed>(_queue, quorum);
        rabbit.DeployPublishTopology = true;
    }

    private void Read(IRabbitMqBusFactoryConfigurator rabbit) => rabbit.ReceiveEndpoint(_queue, endpoint =>
    {
        if (quorum)
            endpoint.SetQuorumQueue();
        endpoint.Handler<ImagePushed>(async context => await _read.Writer.WriteAsync(context.Message));
    });

    private async Task<ImagePushed> ReadAsync() =>
        await _read.Reader.ReadAsync().AsTask().WaitAsync(Wait.Generous);
}
