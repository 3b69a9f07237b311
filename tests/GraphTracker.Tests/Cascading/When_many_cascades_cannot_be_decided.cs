using Builds.GraphTracker.Cascading;
using Dapper;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>More than one round can tell apart.</summary>
public sealed class When_many_cascades_cannot_be_decided
{
    [Test]
    public async Task Should_let_others_write_between_the_rounds_and_come_to_an_end()
    {
        await using var world = World.Empty();
        var names = Enumerable.Range(0, 45).Select(number => $"base{number}").ToList();
        foreach (var name in names.Append("tools"))
        {
            await world.PushAsync(name, "1");
            await world.GrowAsync($"over-{name}", name);
        }

        await world.DecideAsync();
        await world.Graph.Store.WriteAsync(db => { db.Execute("""
            update definition set definition = json_set(definition, '$.rebuild.on', 'whenever')
             where definition ->> '$.source.git' glob '*/over-base*.git'
            """); }, CancellationToken.None);
        foreach (var name in names.Append("tools"))
            await world.PushAsync(name, "2");

        Assert.That(await world.DecideAsync(), Is.Empty, "it is among the last, and was not told from them");
        var pause = world.Graph.Store.Read(db => Round.Next(db, world.Settings)) - world.Graph.Now.ToUnixTimeMilliseconds();
        Assert.That(pause, Is.EqualTo(1000), "milliseconds");

        world.Graph.Now += TimeSpan.FromSeconds(1);
        Assert.That((await world.DecideAsync()).Single().Image.Repository, Is.EqualTo("over-tools"));
        Assert.That(world.Graph.Query<long>("select count(*) from undecided").Single(), Is.EqualTo(45));
    }
}
