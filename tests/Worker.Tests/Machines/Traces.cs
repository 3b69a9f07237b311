using Builds.Parts;

namespace Builds.Worker.Tests.Machines;

/// <summary>What a machine can leave on this host: looked for by its marks, because other things go on here too.</summary>
public static class Traces
{
    /// <summary>The machine's network, once it has one.</summary>
    public static string BridgeOf(string folder, string machine)
    {
        var intent = File.ReadAllText(Path.Combine(folder, "machines", machine, "intent.json"));
        return System.Text.Json.JsonDocument.Parse(intent).RootElement.GetProperty("network").GetProperty("bridge").GetString()!;
    }

    public static Task NoneAsync(params string[] marks) =>
        Wait.UntilAsync(
            "the end of all traces",
            async () => await OfAsync(marks) is { Count: > 0 } left ? throw new InvalidOperationException(string.Join("\n", left)) : true);

    public static async Task<List<string>> OfAsync(params string[] marks)
    {
        var lines = new List<string>();
        lines.AddRange(Processes());
        lines.AddRange((await Command.RunAsync("ip", "-o", "link")).Split('\n').Select(line => "link " + line));
        lines.AddRange((await Command.RunAsync("iptables-save")).Split('\n').Select(line => "rule " + line));
        lines.AddRange((await File.ReadAllLinesAsync("/proc/mounts")).Select(line => "mount " + line));
        lines.AddRange((await Command.RunAsync("find", "/sys/fs/cgroup", "-maxdepth", "2", "-type", "d"))
            .Split('\n').Select(line => "group " + line));
        return [.. lines.Where(line => marks.Any(mark => line.Contains(mark, StringComparison.Ordinal)))];
    }

    // Command line, environment and control group; the dead that nobody buried have none of them.
    private static IEnumerable<string> Processes()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            string text;
            try
            {
                var line = File.ReadAllText(process + "/cmdline");
                var environment = File.ReadAllText(process + "/environ");
                if (line.Length == 0 || environment.Contains("HOLD_AT=", StringComparison.Ordinal))
                    continue;
                text = line + " " + environment + " " + File.ReadAllText(process + "/cgroup");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            yield return $"process {Path.GetFileName(process)} {text.Replace('\0', ' ').Replace('\n', ' ')}";
        }
    }
}
