using System.Text;
using Builds.Worker.Building;
using Microsoft.Extensions.Logging.Abstractions;

namespace Builds.Worker.Tests.Building;

public sealed class When_a_build_is_held_back
{
    [Test]
    public async Task Should_not_count_as_silent_before_it_could_print_again()
    {
        var open = new TaskCompletionSource();
        var clock = new Clock();
        await using var log = new BuildLogStream(
            Guid.NewGuid(), 1, new BuildLogOptions(), [], (_, cancel) => open.Task.WaitAsync(cancel), clock,
            NullLogger.Instance);
        await log.LineAsync("#1", "first", CancellationToken.None);
        clock.Pass(TimeSpan.FromMinutes(20));
        await IsSilentForAsync(log, TimeSpan.FromMinutes(20));

        var writing = log.WriteAsync("#1", Encoding.UTF8.GetBytes(Lines(100)), CancellationToken.None).AsTask();
        await Parts.Wait.UntilAsync("the build is held back", () => log.Batches >= 32, TimeSpan.FromSeconds(30));
        clock.Pass(TimeSpan.FromHours(1));
        Assert.That(log.Silence, Is.EqualTo(TimeSpan.Zero));

        open.SetResult();
        await writing;
        Assert.That(log.Silence, Is.EqualTo(TimeSpan.Zero));
        clock.Pass(TimeSpan.FromMinutes(5));
        await IsSilentForAsync(log, TimeSpan.FromMinutes(5));
        await log.SealAsync(CancellationToken.None);
    }

    // The stream itself may be at work for a moment, and nothing is silent meanwhile.
    private static Task IsSilentForAsync(BuildLogStream log, TimeSpan silence) =>
        Parts.Wait.UntilAsync($"it is silent for {silence}", () => log.Silence == silence);

    private static string Lines(int batches) =>
        string.Concat(Enumerable.Repeat(new string('x', 64 * 1024) + "\n", batches));

    private sealed class Clock : TimeProvider
    {
        private TimeSpan _passed;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _passed.Ticks;

        public void Pass(TimeSpan time) => _passed += time;
    }
}
