using Builds.Gateway.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Tests.Storing;

/// <summary>The file of an installation that is brought up to date.</summary>
public sealed class When_a_store_is_older
{
    private static IEnumerable<int> Earlier => EarlierStore.NumbersOf(typeof(GatewayStore).Assembly);

    [TestCaseSource(nameof(Earlier))]
    public async Task Should_keep_all_that_is_in_it(int last)
    {
        using var folder = new TempFolder("older");
        var earlier = EarlierStore.Write(typeof(GatewayStore).Assembly, folder.File("gateway.db"), last);

        await using var store = new GatewayStore(Options.Create(new StoreOptions { Folder = folder.FullPath }));

        Assert.That(earlier.Problems(), Is.Empty);
        if (last >= 3)
            Assert.That(store.Read(db => db.QuerySingle<string>("select namespace from outdated")), Is.EqualTo(last < 6 ? "x" : "x/y"));
    }
}
