using Builds.Contracts;
using Builds.Gateway.Following;
using Builds.Gateway.Storing;
using Builds.Parts;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Tests.Following;

public sealed class When_logs_grow_old : IDisposable
{
    private readonly TempFolder _folder = new("logs");
    private readonly HandClock _clock = new();
    private LogStore _logs = null!;

    [SetUp]
    public void SetUp() =>
        _logs = new LogStore(Options.Create(new StoreOptions { Folder = _folder.Folder(Guid.NewGuid().ToString("N")) }), _clock);

    [TearDown]
    public async Task TearDown() => await _logs.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task Should_remove_those_that_are_older_than_the_days_they_are_kept()
    {
        var old = await PrintAsync(bytes: 100);
        _clock.Now += TimeSpan.FromDays(3);
        var young = await PrintAsync(bytes: 100);

        await SweepAsync(new LogOptions { KeepDays = 2 }, old);

        Assert.That(_logs.From(old, 1, 0, 10), Is.Empty);
        Assert.That(_logs.RemovedAt(old), Is.EqualTo(_clock.Now));
        Assert.That(_logs.From(young, 1, 0, 10), Has.Count.EqualTo(1));
        Assert.That(_logs.RemovedAt(young), Is.Null);
    }

    [Test]
    public async Task Should_remove_the_oldest_when_all_together_are_too_large()
    {
        var builds = new List<Guid>();
        for (var number = 0; number < 4; number++)
        {
            builds.Add(await PrintAsync(bytes: 400_000));
            _clock.Now += TimeSpan.FromSeconds(1);
        }

        await SweepAsync(new LogOptions { KeepMegabytes = 1 }, builds[1]);

        Assert.That(builds.Select(build => _logs.From(build, 1, 0, 10).Count), Is.EqualTo(new[] { 0, 0, 1, 1 }));
    }

    [Test]
    public async Task Should_not_bring_back_a_part_of_what_was_removed()
    {
        var old = await PrintAsync(bytes: 100);
        _clock.Now += TimeSpan.FromDays(3);
        await SweepAsync(new LogOptions { KeepDays = 2 }, old);

        await _logs.AddAsync(old, Batch(old, sequence: 1, bytes: 100), CancellationToken.None);

        Assert.That(_logs.From(old, 1, 0, 10), Is.Empty);
    }

    private async Task SweepAsync(LogOptions options, Guid until)
    {
        using var retention = new LogRetention(_logs, Options.Create(options), _clock, NullLogger<LogRetention>.Instance);
        await retention.StartAsync(CancellationToken.None);
        await Wait.UntilAsync("the sweep", () => _logs.RemovedAt(until) is not null && _logs.From(until, 1, 0, 1).Count == 0);
        await retention.StopAsync(CancellationToken.None);
    }

    private async Task<Guid> PrintAsync(int bytes)
    {
        var build = Guid.NewGuid();
        await _logs.AddAsync(build, Batch(build, 0, bytes), CancellationToken.None);
        return build;
    }

    private static LogBatch Batch(Guid build, int sequence, int bytes)
    {
        var noise = new byte[bytes]; // which no compression makes smaller
        new Random(1).NextBytes(noise);
        return LogBatch.From(new BuildLog
        {
            BuildId = build,
            Attempt = 1,
            Sequence = sequence,
            Runs = [new LogRun { Step = "building", At = DateTimeOffset.UnixEpoch, Text = [Convert.ToBase64String(noise)] }],
        }) with { Body = noise };
    }

    private sealed class HandClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
