using Builds.Contracts;
using Builds.GraphTracker.Cascading;

namespace Builds.GraphTracker.Tests.Cascading;

public sealed class When_all_that_is_outdated_is_listed
{
    [TestCase(-1)]
    [TestCase(0)]
    [TestCase(1)]
    public async Task Should_list_each_once_over_the_end_of_a_page(int more)
    {
        await using var world = World.Empty();
        await world.PushAsync("os", "1");
        for (var i = 0; i < ListOutdatedConsumer.Page + more; i++)
            await world.BuildElsewhereAsync($"team/{i:000}", "os");
        await world.DecideAsync();
        await world.PushAsync("os", "2");
        await world.DecideAsync();

        var listed = new List<string>();
        OutdatedImages page;
        long? after = null;
        do
        {
            page = world.Graph.Store.Read(
                db => ListOutdatedConsumer.Read(db, new ListOutdated { After = after }, world.Graph.Now));
            listed.AddRange(page.Images.Select(flag => flag.Image.Repository));
            after = page.Next;
        }
        while (after is not null);

        Assert.That(listed, Has.Count.EqualTo(ListOutdatedConsumer.Page + more));
        Assert.That(listed, Is.Unique);
    }
}
