using Builds.Parts;

namespace Builds.Worker.Tests.Machines;

public sealed class When_a_worker_is_killed
{
    [TestCase("Network")]
    [TestCase("Starting")]
    [TestCase("ready")]
    [TestCase("removing")]
    public async Task Should_remove_all_of_a_private_daemon_at_the_next_start(string point)
    {
        using var folder = new TempFolder("killed");
        var bridge = "";
        await using (var held = await HeldWorker.StartAsync(folder.FullPath, "b-killed-1", point, [("Provider", "dockerd")]))
        {
            if (point != "removing")
                bridge = Traces.BridgeOf(folder.FullPath, "b-killed-1");
            await held.KillAsync();
        }

        await using var worker = new MachineWorker(folder.FullPath, ("Provider", "dockerd"));
        await worker.StartAsync();

        await Traces.NoneAsync("b-killed-1", bridge.Length > 0 ? bridge : "b-killed-1");
        await Wait.UntilAsync("its folder's end", () => Directory.GetDirectories(folder.Folder("machines")).Length == 0);
    }

    [Test]
    public async Task Should_lose_its_daemon_and_containers_at_once()
    {
        using var folder = new TempFolder("killed");
        await using var held = await HeldWorker.StartAsync(folder.FullPath, "b-atonce-1", "ready", [("Provider", "dockerd")]);
        Assert.That(await Traces.OfAsync(folder.FullPath), Is.Not.Empty);

        await held.KillAsync();

        await Traces.NoneAsync("--data-root " + folder.FullPath);
        await using var worker = new MachineWorker(folder.FullPath, ("Provider", "dockerd"));
        await worker.SweptAsync();
    }

    [TestCase("Creating machine")]
    [TestCase("(b-killed-2) Ordered")]
    [TestCase("ready")]
    [TestCase("removing")]
    public async Task Should_remove_a_VM_at_the_next_start_even_one_that_is_still_being_made(string point)
    {
        await using var cloud = new FakeCloud();
        var settings = cloud.Settings("slow=2,rm-hangs");
        await using (var held = await HeldWorker.StartAsync(Path.Combine(cloud.FullPath, "worker"), "b-killed-2", point, settings))
        {
            await Wait.UntilAsync("the VM's order", () => cloud.VMs().Length == 1);
            await held.KillAsync();
        }

        await using var worker = cloud.Worker("none", ("RemoveSeconds", "5"));
        await worker.SweptAsync();

        Assert.That(cloud.VMs(), Is.Empty);
        await Traces.NoneAsync(cloud.FullPath);
    }

    [Test]
    public async Task Should_leave_alone_what_another_process_of_the_same_folder_still_makes()
    {
        using var folder = new TempFolder("killed");
        await using var held = await HeldWorker.StartAsync(folder.FullPath, "b-two-1", "ready", [("Provider", "dockerd")]);
        await using var second = new MachineWorker(folder.FullPath, ("Provider", "dockerd"));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(second.StartAsync);

        Assert.That(error!.Message, Does.Contain("Another worker process uses the folder").And.Contain("Worker:Folder"));
        await held.KillAsync();
        await using var third = new MachineWorker(folder.FullPath, ("Provider", "dockerd"));
        await third.SweptAsync();
    }

    [Test]
    public async Task Should_take_a_folder_without_an_intent_for_one_of_which_nothing_was_made()
    {
        using var folder = new TempFolder("killed");
        Directory.CreateDirectory(folder.Folder("machines", "b-empty-1"));
        await using var worker = new MachineWorker(folder.FullPath, ("Provider", "dockerd"));

        await worker.SweptAsync();

        Assert.That(worker.Logged, Is.Empty);
    }
}
