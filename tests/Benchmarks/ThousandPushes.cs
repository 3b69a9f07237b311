using System.Diagnostics;
using System.Globalization;
using System.Text;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using RabbitMQ.Client;

namespace Builds.Benchmarks;

/// <summary>
/// A GraphTracker that has the large graph is told of a thousand pushes, and asks the registry about each: ten bases on
/// which 10 000 stand, a hundred on which 99 do, and leaves, of which half are new. No Gateway and no worker hears of it.
/// </summary>
public static class ThousandPushes
{
    private const int Pushes = 1000;
    private const int Roots = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <param name="folder">Where the store is, all trees in it.</param>
    public static async Task<IEnumerable<Row>> RunAsync(TempFolder folder)
    {
        var images = Enumerable.Range(0, Pushes).Select(Pushed).ToList();
        await using var registry = await SyntheticRegistry.StartAsync(images);
        await using var broker = await Broker.StartAsync();
        await using var service = await ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
        {
            ["Bus:Address"] = broker.Address.ToString(),
            ["Store:Folder"] = folder.FullPath,
            ["Registries:Default"] = SyntheticGraph.Host,
            ["Registries:Known:0:Host"] = SyntheticGraph.Host,
            ["Registries:Known:0:Url"] = registry.Url.ToString(),
            ["Registries:Known:0:ReconcileInterval"] = "00:00:00",
            ["Cascades:SettleSeconds"] = "0",
            ["Cascades:MostAtOnce"] = "1000",
        });
        await using var db = new SqliteConnection($"Data Source={folder.File("graph.db")};Mode=ReadOnly");
        await db.OpenAsync();
        await SettledAsync(db);
        var (lastMove, before) = (db.QuerySingle<long>("select max(id) from tag_move"), CountOutdated(db));

        var watch = Stopwatch.StartNew();
        await TellAsync(broker, images);
        await Wait.UntilAsync("a thousand moves", () => CountMoves(db, lastMove) == Pushes, Patience);
        await SettledAsync(db);
        var seconds = watch.Elapsed.TotalSeconds;

        var memory = Surroundings.Megabytes(service.Id, "VmHWM");
        Check(db, registry, images);
        return
        [
            new Row("GraphTracker with that graph, highest", "MB", [memory], "at most 300 MB"),
            new Row("the thousand pushes: asked, recorded, decided, told", "s", [seconds], "–"),
            new Row("images that they made outdated", "", [CountOutdated(db) - before], "–"),
            new Row("rebuilds that were asked for", "", [db.QuerySingle<long>("select count(*) from rebuild")], "–"),
        ];
    }

    private static PushedImage Pushed(int push) => (push % 10) switch
    {
        0 when push % (Pushes / Roots) == 0 => new PushedImage(TreeOfRoot(push), ""),
        5 => new PushedImage(20 + (push / 10 % 40), $"/{push / 10}"),
        var last when last % 2 == 1 => new PushedImage(push % SyntheticGraph.Trees, $"/{push % 100}/{push % 99}"),
        _ => new PushedImage(push % SyntheticGraph.Trees, $"/{push % 100}/pushed-{push}"),
    };

    // No tree that had a new root before.
    private static int TreeOfRoot(int push) => 10 + (push * Roots / Pushes);

    private static async Task TellAsync(Broker broker, IEnumerable<PushedImage> images)
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Address }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        foreach (var image in images)
        {
            var body = $$"""{"image":{"repository":"{{image.Repository}}"},"tag":"latest","digest":"{{image.Digest}}"}""";
            await channel.BasicPublishAsync("builds.image-pushed", "", mandatory: true, Encoding.UTF8.GetBytes(body));
        }
    }

    private const string SelectIsSettled = """
        select not exists (select 1 from question) and not exists (select 1 from undecided)
           and not exists (select 1 from verdict where told < version)
           and not exists (select 1 from cascade where told < version)
           and not exists (select 1 from rebuild where told = 0)
        """;

    /// <summary>Nothing is left to be asked, to be decided or to be told.</summary>
    private static Task SettledAsync(SqliteConnection db) =>
        Wait.UntilAsync("all to be decided and told", () => db.QuerySingle<bool>(SelectIsSettled), Patience);

    private static long CountMoves(SqliteConnection db, long after) => db.QuerySingle<long>(
        "select count(*) from tag_move where id > @after and source = 'push'", new { after });

    private static long CountOutdated(SqliteConnection db) =>
        db.QuerySingle<long>("select count(*) from verdict where outdated = 1");

    private const string SelectDigest = """
        select manifest.digest
          from image join tag on tag.image = image.id and tag.name = 'latest' join manifest on manifest.id = tag.manifest
         where image.registry = @Host and image.repository = @Repository and manifest.state = 'read'
        """;

    private const string CountOnRoot = """
        select count(*) from verdict
         where outdated = 1 and cascade in (
           select cascade.id from cascade join tag on tag.id = cascade.root join image on image.id = tag.image
            where image.registry = @Host and image.repository = @Repository)
        """;

    private static void Check(SqliteConnection db, SyntheticRegistry registry, List<PushedImage> images)
    {
        if (registry.Read != Pushes)
            throw new PartException($"{registry.Read} configurations were read, and not {Pushes}");
        foreach (var image in images)
        {
            var named = new { SyntheticGraph.Host, image.Repository };
            if (db.QueryFirstOrDefault<string>(SelectDigest, named) != image.Digest)
                throw new PartException($"{image.Repository} was not recorded as it was pushed");
        }

        for (var push = 0; push < Pushes; push += Pushes / Roots)
        {
            var repository = images[push].Repository;
            var outdated = db.QuerySingle<int>(CountOnRoot, new { SyntheticGraph.Host, Repository = repository });
            if (outdated < SyntheticGraph.TreeSize / 2)
                throw new PartException(string.Create(
                    CultureInfo.InvariantCulture, $"the cascade of {repository} has only {outdated} images"));
        }
    }
}
