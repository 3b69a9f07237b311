using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>The whole tree, by a registry that notifies, builds that run and people who are told.</summary>
public sealed class When_a_base_is_pushed
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

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
    public async Task Should_tell_people_and_rebuild_the_tree_once_and_in_order()
    {
        await using var server = await MailServer.StartAsync("none");
        var people = new People(server);
        await using var builds = await Installation.StartAsync(Options(people, workers: 1));
        var tree = new ImageTree(builds, _byHand);
        await tree.PlantAsync();
        await People.JoinAsync(builds, TreeImages.Namespace);
        var mail = new TreeMail(builds, tree, people);
        var old = (await builds.Registry.DigestOfAsync(TreeImages.Root, "latest"))!;

        await builds.Workers[0].StopAsync(); // nothing is repaired before it is told
        await server.StopAsync(); // nor told before all is known
        var @new = await tree.MoveRootAsync();
        await mail.IsKnownAsync();
        await server.StartAgainAsync();
        await mail.TellsAllAsync(People.Owner, old, @new);
        await mail.TellsAllAsync(People.Contributor, old, @new);
        await builds.Workers[0].StartAgainAsync();

        await tree.IsRebuiltAsync();
        await mail.IsToldOnceAsync(letters: 1);
        await builds.NothingIsLeftAsync();
    }

    [Test]
    public async Task Should_do_the_same_whoever_is_killed_meanwhile()
    {
        const int deaths = 10;
        await using var server = await MailServer.StartAsync("none");
        var people = new People(server);
        await using var builds = await Installation.StartAsync(Options(people, workers: 2));
        await using var topSource = FaultProxy.Before(builds.Git.Url.Port);
        var tree = new ImageTree(builds, _byHand, topSource);
        await tree.PlantAsync();
        await People.JoinAsync(builds, TreeImages.Namespace);
        var seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);

        await topSource.SetAsync(new Fault.Hang()); // the cascade cannot end before the last death
        await tree.MoveRootAsync();
        for (var death = 0; death < deaths; death++)
        {
            var rebuilt = death * ImageTree.BelowTop / deaths;
            await Wait.UntilAsync(
                $"{rebuilt} rebuilds before death {death}",
                async () => await tree.RebuiltBelowTopAsync() >= rebuilt,
                Patience);
            await Task.Delay(random.Next(1500)); // whenever it is: the moment is what is tried
            await builds.GraphTracker!.KillAsync();
            await builds.GraphTracker.StartAgainAsync();
            if (death == 3)
                await DieAsync(builds.Registry.KillAsync, builds.Registry.StartAgainAsync);
            if (death == 5)
                await DieAsync(() => KillAtWorkAsync(builds, builds.Workers[0]), () => builds.Workers[0].StartAgainAsync());
        }

        var states = await Wait.ForAsync(
            "an answer about cascades", async () => await builds.StatesOfCascadesAsync(tree.Name(TreeImages.Root)));
        Assert.That(states, Is.EqualTo(new[] { "running" }), "it ran when the last died");
        await topSource.SetAsync(new Fault.Pass());

        await tree.IsRebuiltAsync();
        await new TreeMail(builds, tree, people).IsToldOnceAsync();
        await builds.NothingIsLeftAsync();
    }

    private static InstallationOptions Options(People people, int workers) => new()
    {
        Provider = "dockerd",
        Workers = workers,
        Graph = true,
        GatewaySettings = new Dictionary<string, string>(people.Settings)
        {
            ["Claims:RenewalLimitSeconds"] = "8", // instead of a minute
            ["Claims:SweepSeconds"] = "1",
        },
        WorkerSettings = new Dictionary<string, string> { ["Worker:RenewalSeconds"] = "2" },
        GraphTrackerSettings = new Dictionary<string, string> { ["Cascades:SettleSeconds"] = "1" },
    };

    // What it builds when it is frozen it still builds when it dies.
    private static Task KillAtWorkAsync(Installation builds, ServiceProcess first) => Wait.UntilAsync(
        "a build by the first worker",
        async () =>
        {
            await first.FreezeAsync();
            if ((await builds.RunningAsync()).Exists(build => build.Worker == "worker-1"))
            {
                await first.KillAsync();
                return true;
            }

            await first.WakeAsync();
            return false;
        },
        Patience);

    private static async Task DieAsync(Func<Task> kill, Func<Task> startAgain)
    {
        await kill();
        await startAgain();
    }
}
