using Builds.Parts;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Contracts.Tests.Wire;

[TestFixture(false)]
[TestFixture(true)]
public sealed class When_a_queue_is_looked_at(bool quorum)
{
    private const int Messages = 3;
    private const int Times = 50;

    private readonly string _queue = "wire.looked-at-" + (quorum ? "quorum" : "classic");
    private readonly Management _management = new(TheBroker.Broker);

    [Test]
    public async Task Should_lose_nothing()
    {
        await using (await BusHost.StartAsync(Declare))
            await PublishAsync(Approved.Full(typeof(ImageForgotten)));

        Assert.That(await AfterLookingAsync(_queue), Is.EqualTo(Messages));
    }

    [Test]
    public async Task Should_lose_nothing_of_its_error_queue()
    {
        await using (await BusHost.StartAsync(Refuse))
        {
            await PublishAsync("not JSON");
            await Wait.UntilAsync("its error queue", () => _management.HasAsync("queues", _queue + "-read_error"));
            await _management.LookForAsync(_queue + "-read_error", Messages);
        }

        Assert.That(await AfterLookingAsync(_queue + "-read_error"), Is.EqualTo(Messages));
    }

    [Test]
    public async Task Should_have_no_limit_of_deliveries()
    {
        await using var service = await BusHost.StartAsync(Declare);
        var queue = await _management.DescribeAsync("queues", _queue);

        Assert.That(
            queue["arguments"]!.AsObject().Select(argument => $"{argument.Key}={argument.Value}"),
            Is.EqualTo(quorum ? ["x-queue-type=quorum"] : Array.Empty<string>()));
    }

    private async Task<int> AfterLookingAsync(string queue)
    {
        for (var i = 0; i < Times; i++)
            await _management.LookAsync(queue);
        return (await _management.TakeAsync(queue)).Count;
    }

    private static async Task PublishAsync(string body)
    {
        await using var client = await Client.ConnectAsync();
        for (var i = 0; i < Messages; i++)
            await client.PublishAsync("builds.image-forgotten", body);
    }

    private void Declare(IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Feeds<ImageForgotten>(_queue, quorum);
        rabbit.DeployPublishTopology = true;
    }

    private void Refuse(IRabbitMqBusFactoryConfigurator rabbit) => rabbit.ReceiveEndpoint(_queue + "-read", endpoint =>
    {
        if (quorum)
            endpoint.SetQuorumQueue();
        endpoint.Handler<ImageForgotten>(_ => Task.CompletedTask);
    });
}
