using System.Collections.Concurrent;
using System.Diagnostics;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>
/// How many POSTs a second are accepted. Afterwards the Gateway is killed and started again, and asked for each build that
/// it had accepted.
/// </summary>
public static class AcceptedRequests
{
    private const int Clients = 50;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(5);

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        await using var stage = await Stage.SetAsync();
        for (var client = 0; client < Clients; client++)
            await stage.DefineAsync(Image(client), "");

        var accepted = new ConcurrentBag<Guid>();
        var perSecond = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            var before = accepted.Count;
            var watch = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => PostAsync(stage.Api, client, round, watch, accepted)));
            if (round > 0)
                perSecond.Add((accepted.Count - before) / watch.Elapsed.TotalSeconds);
        }

        await stage.Gateway.KillAsync();
        await stage.Gateway.StartAgainAsync();
        var lost = await CountLostAsync(stage.Api, accepted);
        return
        [
            new Row($"accepted POSTs a second, {Clients} clients", "/s", perSecond, "at least 2 000 /s"),
            new Row($"lost of {accepted.Count} when the Gateway was killed", "", [lost], "0"),
        ];
    }

    private static async Task PostAsync(Api api, int client, int round, Stopwatch watch, ConcurrentBag<Guid> accepted)
    {
        for (var i = 0; watch.Elapsed < Round; i++)
            accepted.Add(await api.TriggerAsync(Image(client), $"r{round}-{i}"));
    }

    private static async Task<int> CountLostAsync(Api api, ConcurrentBag<Guid> accepted)
    {
        var lost = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Clients };
        await Parallel.ForEachAsync(accepted, options, async (id, _) =>
        {
            if (!await api.KnowsAsync(id))
                Interlocked.Increment(ref lost);
        });
        return lost;
    }

    private static string Image(int client) => $"bench/client-{client}";
}
