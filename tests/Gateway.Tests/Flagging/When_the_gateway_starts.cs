using Builds.Contracts;
using Builds.Gateway.Flagging;
using Builds.Gateway.Tests.Queueing;
using Builds.Parts;

namespace Builds.Gateway.Tests.Flagging;

public sealed class When_the_gateway_starts
{
    [Test]
    public async Task Should_ask_for_all_that_is_outdated()
    {
        await using var broker = await Broker.StartAsync();
        await using var graph = await FakeGraph.StartAsync(broker.Address);
        using var folder = new TempFolder("resync");
        var listed = "resynced/first";
        graph.Answers<ListOutdated, OutdatedImages>(_ => new()
        {
            Images = [Told.Flag(listed)], At = Told.Since.AddHours(2),
        });

        foreach (var image in new[] { "resynced/first", "resynced/second" })
        {
            listed = image; // the other one was repaired while the Gateway was away
            await using var gateway = await BusGateway.StartAsync(broker, folder, ("Flags:ResyncMinutes", "1440"));
            await Wait.UntilAsync($"the flag of {image} and no other", () => gateway.Store.Read(db =>
                Flags.Of(db, Image("resynced/first")).Count == (image == "resynced/first" ? 1 : 0)
                && Flags.Of(db, Image(image)).Count == 1));
        }

        Assert.That(graph.Asked<ListOutdated>(), Has.Count.EqualTo(2), "once at each start");
    }

    private static ImageReference Image(string repository) => new() { Registry = TheGateway.Registry, Repository = repository };
}
