using System.Globalization;
using Builds.Benchmarks;

#pragma warning disable RS0030 // the table on the terminal is what this program is for
var output = Console.Out;
#pragma warning restore RS0030

var benchmarks = new Dictionary<string, Func<int, Task<IEnumerable<Row>>>>
{
    ["idle"] = IdleServices.RunAsync,
    ["start"] = TriggerToStart.RunAsync,
    ["accept"] = AcceptedRequests.RunAsync,
    ["events"] = ManyEvents.RunAsync,
    ["overhead"] = Overhead.RunAsync,
    ["log"] = MillionLines.RunAsync,
    ["minute"] = Overhead.RunMinuteAsync,
    ["graph"] = LargeGraph.RunAsync,
    ["cascade"] = CascadeDecision.RunAsync,
};

var rounds = 5;
var chosen = new List<string>();
for (var i = 0; i < args.Length; i++)
{
    if (args[i] == "--rounds" && i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out rounds))
        i++;
    else if (benchmarks.ContainsKey(args[i]))
        chosen.Add(args[i]);
    else
        return await UsageAsync();
}

await output.WriteLineAsync(await Surroundings.DescribeAsync(rounds, args));
await output.WriteLineAsync(Row.Head);
foreach (var name in chosen.Count > 0 ? [.. chosen] : benchmarks.Keys.ToArray())
{
    foreach (var row in await benchmarks[name](rounds))
        await output.WriteLineAsync(row.ToString());
    await output.FlushAsync();
}

return 0;

async Task<int> UsageAsync()
{
    await output.WriteLineAsync($"usage: Benchmarks [{string.Join(" | ", benchmarks.Keys)}]… [--rounds N]");
    return 2;
}
