using System.Text;
using Builds.Contracts;
using Builds.Worker.Building;
using Microsoft.Extensions.Logging.Abstractions;

namespace Builds.Worker.Tests.Building;

public sealed class When_a_build_prints
{
    private readonly List<BuildLog> _published = [];

    [Test]
    public async Task Should_deliver_every_line_once_and_in_order()
    {
        await using (var log = Stream(new BuildLogOptions()))
        {
            var text = new StringBuilder();
            for (var i = 0; i < 100_000; i++)
                text.Append("line ").Append(i).Append('\n');
            await log.WriteAsync("#5", Encoding.UTF8.GetBytes(text.ToString()), CancellationToken.None);
            await log.LineAsync("#5", "done", CancellationToken.None);
            await log.SealAsync(CancellationToken.None);
        }

        var batches = _published.OrderBy(batch => batch.Sequence).ToList();
        Assert.That(batches.Select(batch => batch.Sequence), Is.EqualTo(Enumerable.Range(0, batches.Count)));
        Assert.That(
            batches.SelectMany(batch => batch.Runs).SelectMany(run => run.Text),
            Is.EqualTo(Enumerable.Range(0, 100_000).Select(i => $"line {i}").Append("done")));
        Assert.That(batches.SelectMany(batch => batch.Runs).Select(run => run.Step).Distinct(), Is.EqualTo(new[] { "#5" }));
    }

    [Test]
    public async Task Should_hold_the_build_back_while_the_broker_is_behind()
    {
        var open = new TaskCompletionSource();
        await using var log = Stream(new BuildLogOptions(), () => open.Task);

        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
                await log.WriteAsync("#1", Encoding.UTF8.GetBytes(new string('x', 64 * 1024) + "\n"), CancellationToken.None);
        });
        // On their way and waiting are 40; who is behind it is the broker, so the build does not count as silent.
        await Parts.Wait.UntilAsync(
            "the build is held back", () => log.Batches >= 40 && log.Silence == TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.That(log.Batches, Is.LessThan(60));
        Assert.That(writing.IsCompleted, Is.False);

        open.SetResult();
        await writing;
        await log.SealAsync(CancellationToken.None);
        Assert.That(log.Batches, Is.GreaterThanOrEqualTo(200));
    }

    [Test]
    public async Task Should_leave_out_what_is_beyond_its_limit_and_say_so()
    {
        await using (var log = Stream(new BuildLogOptions { MostBytes = 64 * 1024 }))
        {
            for (var i = 0; i < 100; i++)
                await log.WriteAsync("#1", Encoding.UTF8.GetBytes(new string('x', 1023) + "\n"), CancellationToken.None);
            await log.LineAsync("build", "our own words are kept", CancellationToken.None);
            await log.SealAsync(CancellationToken.None);
        }

        var lines = _published.OrderBy(batch => batch.Sequence).SelectMany(batch => batch.Runs).SelectMany(run => run.Text).ToList();
        Assert.That(lines.Count(line => line.StartsWith('x')), Is.EqualTo(64));
        Assert.That(lines[64], Does.Contain("limit of 65536 bytes"));
        Assert.That(lines[^2..], Is.EqualTo(new[] { "our own words are kept", $"{36 * 1024} bytes of output were left out." }));
    }

    [Test]
    public async Task Should_deliver_again_what_the_broker_did_not_take()
    {
        var failures = 3;
        await using (var log = Stream(
            new BuildLogOptions(),
            () => Interlocked.Decrement(ref failures) >= 0 ? throw new InvalidOperationException("away") : Task.CompletedTask))
        {
            await log.LineAsync("build", "kept", CancellationToken.None);
            await log.SealAsync(CancellationToken.None);
        }

        Assert.That(_published.Single().Runs.Single().Text, Is.EqualTo(new[] { "kept" }));
    }

    private BuildLogStream Stream(BuildLogOptions options, Func<Task>? broker = null) =>
        new(Guid.NewGuid(), 1, options, [], async (batch, cancel) =>
        {
            await (broker?.Invoke() ?? Task.CompletedTask).WaitAsync(cancel);
            lock (_published)
                _published.Add(batch);
        }, TimeProvider.System, NullLogger.Instance);

    [SetUp]
    public void Nothing_published() => _published.Clear();
}
