using System.Diagnostics;
using Builds.Parts;
using Builds.Worker.Images;
using Builds.Worker.Tests.Machines;

namespace Builds.Worker.Tests.Images;

/// <summary>BuildKit on a machine of our own, with output as fast as it can be made.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_a_build_floods_a_private_daemon : IAsyncDisposable
{
    private static readonly ImageOptions BuildKit = new() { Builder = BuilderChoice.BuildKit };

    private readonly TempFolder _folder = new("flood");
    private readonly MachineWorker _worker;
    private readonly Scenario _scenario = new(options: BuildKit);

    public When_a_build_floods_a_private_daemon() =>
        _worker = new MachineWorker(_folder.FullPath, ("Provider", "dockerd"));

    public async ValueTask DisposeAsync()
    {
        _scenario.Dispose();
        await _worker.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Should_deliver_a_million_lines_each_once_and_in_order()
    {
        await BuildAsync("RUN seq 1000000");
        Assert.That(Numbers().SequenceEqual(Enumerable.Range(1, 1_000_000)), Ends());
    }

    private async Task BuildAsync(string instructions)
    {
        var machine = await _worker.CreateAsync("b-flood-1");
        _scenario.Daemon = machine.Daemon;
        _scenario.With("Dockerfile", $"FROM {RealParts.Registry.Host}/os:1\n{instructions}\n");
        await _scenario.BuildAsync();
    }

    private IEnumerable<int> Numbers() =>
        _scenario.Lines.Where(line => int.TryParse(line, out _)).Select(int.Parse);

    private string Ends() => string.Join('\n', _scenario.Lines.TakeLast(5));
}
