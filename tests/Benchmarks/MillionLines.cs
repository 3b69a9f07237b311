using System.Diagnostics;
using System.Globalization;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>A build that prints a million lines, followed over HTTP to its end; each has to come once and in order.</summary>
public static class MillionLines
{
    private const int Lines = 1_000_000;
    private const string Print =
        "RUN awk 'BEGIN { for (i = 1; i <= 1000000; i++) print \"line\", i, \"of a million that this build prints\" }'";

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        await using var stage = await Stage.SetAsync();
        // BuildKit, on a machine made for each build. By hand it is the classic builder: that daemon's BuildKit stops
        // reporting in the middle, see docs/performance.md.
        await stage.StartWorkerAsync("dockerd");
        var source = await stage.DefineAsync("bench/log", Print);
        var byHand = new ByHand(stage);

        var service = new Side("the service", async round =>
        {
            await Stage.RenewAsync(source);
            return await FollowAsync(stage, $"r{round}");
        });
        var bare = new Side("the daemon's API (classic), output thrown away", async _ =>
        {
            await Stage.RenewAsync(source);
            return await byHand.BuildByApiAsync(source);
        });
        var classic = new Side("`docker build` (classic)", async _ =>
        {
            await Stage.RenewAsync(source);
            return await byHand.BuildClassicAsync(source);
        });
        await Side.RunAsync(rounds, warmUp: true, service, bare, classic);

        return
        [
            new Row("a million lines, followed", "s", service.Values, "at most +5 s", bare),
            new Row("a million lines, followed", "s", service.Values, "–", classic),
            new Row("Gateway, most memory meanwhile", "MB", [Most(stage.Gateway)], "at most 250 MB"),
            new Row("Worker, most memory meanwhile", "MB", [Most(stage.Worker)], "at most 250 MB"),
        ];
    }

    private static async Task<double> FollowAsync(Stage stage, string tag)
    {
        var watch = Stopwatch.StartNew();
        var id = await stage.Api.TriggerAsync("bench/log", tag);
        var next = 1;
        await foreach (var line in stage.Api.FollowAsync(id))
        {
            if (!line.StartsWith("line ", StringComparison.Ordinal))
                continue;
            var number = int.Parse(line.AsSpan(5, line.IndexOf(' ', 5) - 5), CultureInfo.InvariantCulture);
            if (number != next++)
                throw new PartException($"line {next - 1} was expected, and {number} came");
        }

        var seconds = watch.Elapsed.TotalSeconds;
        if (next != Lines + 1)
            throw new PartException($"{next - 1} lines came, and not {Lines}");
        await stage.Api.SucceededAsync(id);
        return seconds;
    }

    private static double Most(ServiceProcess service) => Surroundings.Megabytes(service.Id, "VmHWM");
}
