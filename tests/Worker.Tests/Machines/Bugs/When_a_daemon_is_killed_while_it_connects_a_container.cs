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
        var end = "cbl" + Guid.NewGuid().ToString("N")[..8];

        await Command.RunAsync("ip", "link", "add", end + "a", "type", "veth", "peer", "name", end + "b");
        if (isPluggedIn)
            await Command.RunAsync("ip", "link", "set", end + "a", "master", bridge);
        if (hasAddress)
            await Command.RunAsync("ip", "link", "set", end + "b", "address", await AddressAsync(bridge));
        await machine.DisposeAsync();

        await Traces.NoneAsync(end, bridge, "b-cable-1");
    }

    // As Docker makes it of the second address of the bridge's subnet.
    private static async Task<string> AddressAsync(string bridge)
    {
        var shown = await Command.RunAsync("ip", "-o", "-4", "address", "show", "dev", bridge);
        var ip = shown[(shown.IndexOf("inet ", StringComparison.Ordinal) + 5)..].Split('/')[0];
        return "02:42:" + string.Join(':', ip.Split('.')[..3].Select(part => $"{int.Parse(part):x2}")) + ":02";
    }
}
