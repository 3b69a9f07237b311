using Builds.Contracts;
using Builds.Parts;
using Dapper;
using RabbitMQ.Client;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A full disk, say: what could not be written is written once it can be.</summary>
public sealed class When_the_store_fails
{
    private const string Fail = """
        create trigger full before update of look_at on rebuild begin select raise(abort, 'the disk is full'); end
        """;

    [Test]
    public async Task Should_go_on_asking_what_has_become_of_rebuilds()
    {
        await using var broker = await Broker.StartAsync();
        await using var gateway = await PlayedGateway.StartAsync(broker);
        await using var connection = await new ConnectionFactory { Uri = broker.Address }.CreateConnectionAsync();
        await using var world = World.Empty();
        await world.PushAsync("os", "1");
        await world.GrowAsync("runtime", "os");
        await world.GrowAsync("tools", "os");
        await world.DecideAsync();
        await world.PushAsync("os", "2");
        var asked = await world.DecideAsync();
        await world.ToldAsync(); // months ago, by the world's clock
        await world.Graph.Store.WriteAsync(db => { db.Execute(Fail); }, CancellationToken.None);

        await using var tracker = await ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
        {
            ["Bus:Address"] = broker.Address.ToString(),
            ["Store:Folder"] = world.Folder,
            ["Registries:Default"] = Layers.Graph.Host,
        });
        await Wait.UntilAsync("both to be asked for", () => gateway.AskedFor.Distinct().Count() == 2);
        await Wait.UntilAsync("it to be said", () => tracker.Output.Contains("the disk is full", StringComparison.Ordinal));
        await world.Graph.Store.WriteAsync(db => { db.Execute("drop trigger full"); }, CancellationToken.None);

        await using var workers = new Queue(connection, "worker.build-requested");
        var again = await workers.TakeAsync<BuildRequested>(2);
        Assert.That(again.Select(request => request.BuildId), Is.EquivalentTo(asked.Select(request => request.BuildId)),
            "the Gateway does not know them");
    }
}
