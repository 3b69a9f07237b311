using Builds.GraphTracker.Layers;
using Dapper;

namespace Builds.GraphTracker.Tests.Layers;

public sealed class When_most_manifests_are_read
{
    [Test]
    public async Task Should_find_those_that_are_wanted_without_looking_at_the_others()
    {
        await using var graph = Graph.Empty();

        var plan = graph.Store.Read(db => db
            .Query("explain query plan " + DueQuestions.AskForWanted, new { now = 0 })
            .Select(step => (string)step.detail).ToList());

        Assert.That(plan, Has.Some.Contains("manifest_by_state").And.None.Contains("SCAN manifest"));
    }
}
