using System.Globalization;
using System.Runtime.InteropServices;
using Builds.Parts;

namespace Builds.Benchmarks;

/// <summary>What a figure is worth nothing without.</summary>
public static class Surroundings
{
    public static async Task<string> DescribeAsync(int rounds, string[] arguments)
    {
        var now = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
        return $"""
            {now}, {Field("/proc/cpuinfo", "model name")}, {Environment.ProcessorCount} cores,
            {Field("/proc/meminfo", "MemTotal")}, load {(await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0]};
            {RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription};
            {await Command.RunAsync("dockerd", "--version")};
            RabbitMQ {await VersionAsync("rabbitmq-server")}, registry {await VersionAsync("docker-registry")}.
            Command: tests/Benchmarks {string.Join(' ', arguments)}; {rounds} rounds.

            """;
    }

    /// <summary>A field of <c>/proc/{id}/status</c> in megabytes: <c>VmRSS</c>, <c>VmHWM</c>.</summary>
    public static double Megabytes(int process, string field) =>
        double.Parse(Field($"/proc/{process}/status", field).Split(' ')[0], CultureInfo.InvariantCulture) / 1024;

    /// <summary>Most memory that this process has from now on: <c>VmHWM</c> begins anew (proc(5), clear_refs).</summary>
    public static void ForgetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static string Field(string file, string name) =>
        File.ReadLines(file)
            .Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(':') + 1)..].Trim())
            .FirstOrDefault("unknown");

    private static Task<string> VersionAsync(string package) =>
        Command.RunAsync("dpkg-query", "--show", "--showformat=${Version}", package);
}
