using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>The broker and the services live; what they have opened to each other does not.</summary>
public sealed class When_a_connection_dies
{
    private HeldInstallation _held = null!;

    private Broker Broker => _held.Builds.Broker;

    [OneTimeSetUp]
    public async Task An_installation() => _held = await HeldInstallation.StartAsync("dockerd", workers: 1);

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    [TestCase("pullingBases")]
    [TestCase("pushing")]
    public async Task Should_go_on_with_the_build_and_conclude_it_once(string phase)
    {
        var id = await _held.HoldAsync(phase);

        foreach (var service in new[] { _held.Builds.Workers[0].Id, _held.Builds.Gateway.Id })
        {
            var closed = await Broker.ConnectionsOfAsync(service);
            foreach (var connection in closed)
                await Broker.CloseConnectionAsync(connection);
            await Wait.UntilAsync(
                "another connection", async () => !(await Broker.ConnectionsOfAsync(service)).Intersect(closed).Any());
        }

        await _held.LetGoAsync(phase);

        await SucceedsAtItsFirstAttemptAsync(id);
    }

    [TestCase("pullingBases")]
    [TestCase("pushing")]
    public async Task Should_go_on_where_the_channels_alone_are_closed(string phase)
    {
        var id = await _held.HoldAsync(phase);
        var connections = await Broker.ConnectionsOfAsync(_held.Builds.Workers[0].Id);

        foreach (var connection in connections)
            Assert.That(await Broker.CloseChannelsAsync(connection), Is.Positive);
        await _held.LetGoAsync(phase);

        await SucceedsAtItsFirstAttemptAsync(id);
        Assert.That(await Broker.ConnectionsOfAsync(_held.Builds.Workers[0].Id), Is.EqualTo(connections), "they stayed");
    }

    private async Task SucceedsAtItsFirstAttemptAsync(Guid id)
    {
        await _held.SucceedsOnceAsync(id);
        Assert.That((await _held.Builds.BuildAsync(id)).Attempt, Is.EqualTo(1));
        Assert.That(await _held.Builds.LogOfAsync(id), Does.Contain("RUN echo team/").And.Not.Contain("never came"));
        // The broker gives the delivery out again, as soon as a slot is free, and the claim keeps it from being built.
        await Wait.UntilAsync(
            "the second delivery is dropped",
            () => _held.Builds.Workers[0].Output.Contains($"Build {id}: claim answered Refused"));
        await _held.Builds.NextIsServedAsync();
    }
}
