using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>
/// A registry that catches up: ten thousand pushes in one notification, each on disk before the answer. In every round
/// the Gateway is started anew, for there is a first time too; each notification is at the broker before the next.
/// </summary>
public static class ManyEvents
{
    private const int Events = 10_000;
    private const string Queue = "graph-tracker.image-pushed";
    private static readonly TimeSpan HandOver = TimeSpan.FromMinutes(2);

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        await using var stage = await Stage.SetAsync();
        var (first, next) = (new List<double>(), new List<double>());
        for (var round = 0; round <= rounds; round++)
        {
            await stage.Gateway.StopAsync();
            await stage.Gateway.StartAgainAsync();
            foreach (var values in new[] { first, next })
            {
                var seconds = await NotifyAsync(stage);
                if (round > 0)
                    values.Add(seconds);
            }
        }

        return
        [
            new Row("10 000 pushes in one notification → 202", "s", next, "at most 1 s"),
            new Row("the same, the first after a start", "s", first, "at most 1 s"),
        ];
    }

    private static async Task<double> NotifyAsync(Stage stage)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "hooks/registry");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Stage.HookSecret);
        request.Content = new ByteArrayContent(Envelope());
        var before = await HandedOverAsync(stage);

        var watch = Stopwatch.StartNew();
        using var answer = await stage.Gateway.Http.SendAsync(request);
        var seconds = watch.Elapsed.TotalSeconds;

        var counts = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        if (counts.GetProperty("taken").GetInt32() is var taken && taken != Events)
            throw new PartException($"of {Events} events {taken} were taken");
        await Wait.UntilAsync(
            "all to be at the broker", async () => await HandedOverAsync(stage) >= before + Events, HandOver);
        return seconds;
    }

    private static async Task<int> HandedOverAsync(Stage stage)
    {
        var queues = await stage.Broker.ControlAsync(
            "list_queues", "--quiet", "--no-table-headers", "name", "messages");
        var line = queues.Split('\n').First(line => line.StartsWith(Queue + '\t', StringComparison.Ordinal));
        return int.Parse(line.Split('\t')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    // As docker-registry 2.8 sends them.
    private static byte[] Envelope()
    {
        var digest = "sha256:" + new string('a', 64);
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            events = Enumerable.Range(0, Events).Select(number => new
            {
                id = Guid.NewGuid(),
                timestamp = "2026-03-09T14:44:26.402973972Z",
                action = "push",
                target = new
                {
                    mediaType = "application/vnd.docker.distribution.manifest.v2+json",
                    size = 708,
                    digest,
                    length = 708,
                    repository = "team/api",
                    url = $"http://registry.test:5000/v2/team/api/manifests/{digest}",
                    tag = $"v{number}",
                },
                request = new { id = Guid.NewGuid(), host = "registry.test:5000", method = "PUT" },
                actor = new { name = "alice" },
                source = new { addr = "registry:5000", instanceID = Guid.NewGuid() },
            }),
        });
    }
}
