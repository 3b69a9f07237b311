using Builds.GraphTracker.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Tests;

/// <summary>The file of an installation that is brought up to date.</summary>
public sealed class When_a_store_is_older
{
    private static IEnumerable<int> Earlier => EarlierStore.NumbersOf(typeof(GraphStore).Assembly);

    [TestCaseSource(nameof(Earlier))]
    public async Task Should_keep_all_that_is_in_it(int last)
    {
        using var folder = new TempFolder("older");
        var earlier = EarlierStore.Write(typeof(GraphStore).Assembly, folder.File("graph.db"), last);

        await using var store = new GraphStore(Options.Create(new StoreOptions { Folder = folder.FullPath }));

        Assert.That(earlier.Problems(), Is.Empty);
        Assert.That(store.Read(db => db.QuerySingle<int>("select turn from question")), Is.EqualTo(1), "it was asked in vain");
    }
}
