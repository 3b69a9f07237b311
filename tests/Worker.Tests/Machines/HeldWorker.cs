using System.Diagnostics;
using System.Text.Json;
using Builds.Parts;

namespace Builds.Worker.Tests.Machines;

/// <summary>A worker in a process of its own that stops at a chosen point and waits there to be killed.</summary>
public sealed class HeldWorker : IAsyncDisposable
{
    private const string HoldAt = "HOLD_AT";
    private readonly Process _process;

    private HeldWorker(Process process) => _process = process;

    /// <param name="point">
    /// The beginning of what is said to the build then; <c>ready</c> when the machine is; <c>removing</c> when that begins.
    /// </param>
    public static async Task<HeldWorker> StartAsync(
        string folder, string machine, string point, IEnumerable<(string Name, string Value)> settings)
    {
        var mark = Path.Combine(folder, "held");
        var start = new ProcessStartInfo(
            ServiceProcess.Built("Worker.Tests"), ["--filter", $"Name={nameof(Holding.Should_hold_a_machine)}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var order = new Order(folder, machine, point, settings.ToDictionary(one => one.Name, one => one.Value));
        start.Environment[HoldAt] = JsonSerializer.Serialize(order);
        var held = new HeldWorker(Process.Start(start)!);
        var said = held._process.StandardOutput.ReadToEndAsync();
        _ = held._process.StandardError.ReadToEndAsync();
        try
        {
            await Wait.UntilAsync("the point " + point, () => File.Exists(mark) || held._process.HasExited);
            if (!File.Exists(mark))
                throw new InvalidOperationException("The held worker ended: " + await said);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }

        File.Delete(mark);
        return held;
    }

    /// <summary>SIGKILL, to it alone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private sealed record Order(string Folder, string Machine, string Point, Dictionary<string, string> Settings);

    [Explicit("what runs in the process of a HeldWorker"), Category("ChildProcess")]
    public sealed class Holding
    {
        [Test]
        public async Task Should_hold_a_machine()
        {
            var order = JsonSerializer.Deserialize<Order>(Environment.GetEnvironmentVariable(HoldAt)!)!;
            Environment.SetEnvironmentVariable(HoldAt, null);
            await using var worker = new MachineWorker(order.Folder, [.. order.Settings.Select(one => (one.Key, one.Value))]);
            var machine = await worker.Machines.CreateAsync(
                order.Machine, Guid.NewGuid(), 1, line => new ValueTask(HereAsync(order, line)), CancellationToken.None);
            await HereAsync(order, "ready");
            var removing = machine.DisposeAsync();
            await HereAsync(order, "removing");
            await removing;
        }

        private static async Task HereAsync(Order order, string point)
        {
            if (!point.StartsWith(order.Point, StringComparison.Ordinal))
                return;
            await File.WriteAllTextAsync(Path.Combine(order.Folder, "held"), "");
            await Task.Delay(Timeout.Infinite);
        }
    }
}
