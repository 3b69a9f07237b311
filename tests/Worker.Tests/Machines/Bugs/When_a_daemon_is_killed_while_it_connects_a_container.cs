using Builds.Parts;

namespace Builds.Worker.Tests.Machines.Bugs;

/// <summary>The pair of interfaces that it had just made stayed on the host for ever.</summary>
public sealed class When_a_daemon_is_killed_while_it_connects_a_container
{
    [TestCase(true, false)]
    [TestCase(false, true)]
    [TestCase(true, true)]
    public async Task Should_leave_no_cable(bool isPluggedIn, bool hasAddress)
    {
        using var folder = new TempFolder("cable");
        await using var worker = new MachineWorker(folder.FullPath, ("Provider", "dockerd"));
        var machine = await worker.CreateAsync("b-cable-1");
        var bridge = Traces.BridgeOf(folder.FullPath, "b-cable-1");

        var end = await ConnectAsync(bridge, isPluggedIn, hasAddress);
        Assert.That(await Traces.OfAsync(end), Is.Not.Empty, "or the test looks in the wrong places");
        await machine.DisposeAsync();

        await Traces.NoneAsync(end, bridge, "b-cable-1");
    }

    /// <summary>Those that only tests have are removed by the tests' own parts.</summary>
    [TestCase(true, false)]
    [TestCase(false, true)]
    public async Task Should_leave_no_cable_of_an_engine_or_a_VM_of_the_tests(bool isPluggedIn, bool hasAddress)
    {
        await using var cloud = new FakeCloud();
        await using var worker = cloud.Worker();
        var machine = await worker.CreateAsync("b-cable-2");
        var vm = "fdm" + cloud.VMs().Single()[2..];
        var engine = await DockerDaemon.StartAsync();

        var ends = new[]
        {
            await ConnectAsync(vm, isPluggedIn, hasAddress), await ConnectAsync(engine.Bridge.Name, isPluggedIn, hasAddress),
        };
        await machine.DisposeAsync();
        await engine.KillAsync();
        await engine.DisposeAsync();

        await Traces.NoneAsync([vm, .. ends]);
    }

    private static async Task<string> ConnectAsync(string bridge, bool isPluggedIn, bool hasAddress)
    {
        var end = "cbl" + Guid.NewGuid().ToString("N")[..8];
        await Command.RunAsync("ip", "link", "add", end + "a", "type", "veth", "peer", "name", end + "b");
        if (isPluggedIn)
            await Command.RunAsync("ip", "link", "set", end + "a", "master", bridge);
        if (hasAddress)
            await Command.RunAsync("ip", "link", "set", end + "b", "address", await AddressAsync(bridge));
        return end;
    }

    // As Docker makes it of the second address of the bridge's subnet.
    private static async Task<string> AddressAsync(string bridge)
    {
        var shown = await Command.RunAsync("ip", "-o", "-4", "address", "show", "dev", bridge);
        var ip = shown[(shown.IndexOf("inet ", StringComparison.Ordinal) + 5)..].Split('/')[0];
        return "02:42:" + string.Join(':', ip.Split('.')[..3].Select(part => $"{int.Parse(part):x2}")) + ":02";
    }
}
