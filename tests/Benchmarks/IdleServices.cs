using System.Diagnostics;

namespace Builds.Benchmarks;

/// <summary>How soon the services are ready, and what they take while nobody wants anything.</summary>
public static class IdleServices
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        await using var stage = await Stage.SetAsync();
        await stage.Gateway.StopAsync();
        var gateway = new Services();
        var worker = new Services();
        for (var round = 1; round <= rounds; round++)
        {
            gateway.Ready.Add(await TimeAsync(stage.StartGatewayAsync));
            worker.Ready.Add(await TimeAsync(() => stage.StartWorkerAsync("engine")));
            await Task.Delay(Idle); // being idle is what is measured
            gateway.Memory.Add(Surroundings.Megabytes(stage.Gateway.Id, "VmRSS"));
            worker.Memory.Add(Surroundings.Megabytes(stage.Worker.Id, "VmRSS"));
            await stage.Worker.StopAsync();
            await stage.Gateway.StopAsync();
        }

        return
        [
            new Row("Gateway, idle", "MB", gateway.Memory, "at most 120 MB"),
            new Row("Worker, idle", "MB", worker.Memory, "at most 90 MB"),
            new Row("Gateway, start → ready", "s", gateway.Ready, "at most 3 s"),
            new Row("Worker, start → ready", "s", worker.Ready, "at most 3 s"),
        ];
    }

    private static async Task<double> TimeAsync(Func<Task> start)
    {
        var watch = Stopwatch.StartNew();
        await start();
        return watch.Elapsed.TotalSeconds;
    }

    private sealed class Services
    {
        public List<double> Ready { get; } = [];

        public List<double> Memory { get; } = [];
    }
}
