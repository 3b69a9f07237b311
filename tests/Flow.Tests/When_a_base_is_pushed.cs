using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>The whole tree, by a registry that notifies and builds that run.</summary>
public sealed class When_a_base_is_pushed
{
    private static readonly InstallationOptions Options = new()
    {
        Provider = "dockerd",
        Graph = true,
        GatewaySettings = new Dictionary<string, string>
        {
            ["Claims:RenewalLimitSeconds"] = "8", // instead of a minute
            ["Claims:SweepSeconds"] = "1",
        },
        WorkerSettings = new Dictionary<string, string> { ["Worker:RenewalSeconds"] = "2" },
        GraphTrackerSettings = new Dictionary<string, string> { ["Cascades:SettleSeconds"] = "1" },
    };

    private DockerDaemon _byHand = null!;

    [OneTimeSetUp]
    public async Task A_daemon() => _byHand = await DockerDaemon.StartAsync();

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_byHand is not null)
            await _byHand.DisposeAsync();
    }

    [Test]
    public async Task Should_rebuild_the_tree_once_and_in_order()
    {
        await using var builds = await Installation.StartAsync(Options);
        var tree = new ImageTree(builds, _byHand);
        await tree.PlantAsync();

        await tree.MoveRootAsync();

        await tree.IsRebuiltAsync();
        await builds.NothingIsLeftAsync();
    }

    [Test]
    public async Task Should_do_the_same_whoever_is_killed_meanwhile()
    {
        await using var builds = await Installation.StartAsync(Options with { Workers = 2 });
        var tree = new ImageTree(builds, _byHand);
        await tree.PlantAsync();
        var seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);

        await tree.MoveRootAsync();
        for (var death = 0; death < 10; death++)
        {
            await Task.Delay(random.Next(1500)); // whenever it is: the moment is what is tried
            await builds.GraphTracker!.KillAsync();
            await builds.GraphTracker.StartAgainAsync();
            if (death == 3)
                await DieAsync(builds.Registry.KillAsync, builds.Registry.StartAgainAsync);
            if (death == 5)
                await DieAsync(builds.Workers[0].KillAsync, () => builds.Workers[0].StartAgainAsync());
        }

        await tree.IsRebuiltAsync();
        await builds.NothingIsLeftAsync();
    }

    private static async Task DieAsync(Func<Task> kill, Func<Task> startAgain)
    {
        await kill();
        await startAgain();
    }
}
