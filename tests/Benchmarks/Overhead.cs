using System.Diagnostics;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>From the trigger until the registry has the tag, against the same by hand.</summary>
public static class Overhead
{
    private const string Small = "RUN echo built >/built";
    private const string Minute = "RUN sleep 60";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    public static async Task<IEnumerable<Row>> RunAsync(int rounds) =>
    [
        await MeasureAsync("engine", Small, "trigger → tag, `engine`", "at most +1.0 s", rounds, warmUp: true),
        await MeasureAsync("dockerd", Small, "trigger → tag, `dockerd`", "at most +1.5 s", rounds, warmUp: true),
    ];

    public static async Task<IEnumerable<Row>> RunMinuteAsync(int rounds) =>
        [await MeasureAsync("engine", Minute, "trigger → tag, a build of a minute", "ratio at most 1.02", rounds, warmUp: false)];

    private static async Task<Row> MeasureAsync(
        string provider, string instructions, string what, string aim, int rounds, bool warmUp)
    {
        await using var stage = await Stage.SetAsync();
        await stage.StartWorkerAsync(provider);
        var source = await stage.DefineAsync("bench/overhead", instructions);
        var byHand = new ByHand(stage);

        var service = new Side("the service", async round =>
        {
            await Stage.RenewAsync(source);
            return await TriggerAsync(stage, $"r{round}");
        });
        var hand = new Side("clone, build, push by hand", async round =>
        {
            await Stage.RenewAsync(source);
            return await byHand.BuildAndPushAsync(source, $"{stage.Registry.Host}/bench/by-hand:r{round}");
        });
        await Side.RunAsync(rounds, warmUp, service, hand);
        return new Row(what, "s", service.Values, aim, hand);
    }

    private static async Task<double> TriggerAsync(Stage stage, string tag)
    {
        var watch = Stopwatch.StartNew();
        var id = await stage.Api.TriggerAsync("bench/overhead", tag);
        while (await stage.Registry.DigestOfAsync("bench/overhead", tag) is null && watch.Elapsed < TimeSpan.FromMinutes(5))
            await Task.Delay(Look); // a registry tells nobody: it is asked, on both sides alike
        var seconds = watch.Elapsed.TotalSeconds;
        await stage.Api.SucceededAsync(id); // the machine is gone too before the other side's turn
        return seconds;
    }
}
