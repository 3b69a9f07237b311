using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Gateway.Tests.Queueing;
using Builds.Parts;

namespace Builds.Gateway.Tests.Publishing;

public sealed class When_the_broker_is_away : IDisposable
{
    private readonly TempFolder _folder = new("gateway");
    private Broker _broker = null!;

    public void Dispose() => _folder.Dispose();

    [OneTimeSetUp]
    public async Task Start() => _broker = await Broker.StartAsync();

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _broker.DisposeAsync();
    }

    [Test]
    public async Task Should_start_and_accept_all_the_same_and_send_all_once_it_is_back()
    {
        var first = PlainPublisher.Request();
        var second = PlainPublisher.Request();
        var third = PlainPublisher.Request();
        await _broker.StopAsync();

        await using (var gateway = await BusGateway.StartAsync(_broker, _folder))
        {
            await gateway.AcceptAsync(gateway.Queue.WithRegistry(first));
            Assert.That(gateway.Find(first.BuildId)!.State, Is.EqualTo("accepted"));
            Assert.That(gateway.Connection.IsConnected, Is.False);
            Assert.That(await gateway.Workers.LookAsync(default), Is.Null);
        }

        // that Gateway ended between accepting and sending
        await using (var gateway = await BusGateway.StartAsync(_broker, _folder))
        {
            await gateway.AcceptAsync(gateway.Queue.WithRegistry(second));
            await _broker.StartAgainAsync();
            await gateway.StateAsync(first.BuildId, "queued");
            await gateway.StateAsync(second.BuildId, "queued");
            await gateway.ConnectedAsync();

            await _broker.KillAsync();
            await Wait.UntilAsync("the loss to be noticed", () => !gateway.Connection.IsConnected);
            await gateway.AcceptAsync(gateway.Queue.WithRegistry(third));
            await _broker.StartAgainAsync();
            await gateway.StateAsync(third.BuildId, "queued");
            await gateway.ConnectedAsync();
        }

        await using var client = await PlainPublisher.ConnectAsync(_broker);
        var sent = new HashSet<Guid>();
        while (sent.Count < 3)
            sent.Add((await client.TakeAsync<BuildRequested>(WorkerQueue.Name)).BuildId);
        Assert.That(sent, Is.EquivalentTo(new[] { first.BuildId, second.BuildId, third.BuildId }));
    }
}
