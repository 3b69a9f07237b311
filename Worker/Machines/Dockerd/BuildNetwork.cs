using System.Net;
using System.Security.Cryptography;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// The bridge of one private daemon. Its name is its subnet's, so that the kernel lets only one process have it; its
/// hardware address is the machine's mark, so that a bridge that somebody else got first is never taken for ours.
/// </summary>
public sealed record BuildNetwork(string Bridge, string HardwareAddress, string Subnet, string Gateway)
{
    private const string Interfaces = "/sys/class/net/";
    private const string Forwarding = "/proc/sys/net/ipv4/ip_forward";

    /// <summary>Subnets that are free at the moment, each with a mark of its own.</summary>
    internal static IEnumerable<BuildNetwork> Candidates(string range)
    {
        if (!Dockerd.Subnet.TryParse(range, out var all))
            throw new InvalidOperationException($"Machines:Dockerd:Subnets is \"{range}\", which is no IPv4 range.");
        var taken = Dockerd.Subnet.Taken();
        return
            from subnet in all.Parts()
            where !taken.Exists(subnet.Overlaps)
            select new BuildNetwork($"bld{subnet.First >> 8:x6}", NewMark(), subnet.ToString(), subnet.Address(1));
    }

    /// <returns>Whether it was there for the taking.</returns>
    internal async Task<bool> TryMakeAsync(CancellationToken cancel)
    {
        try
        {
            await Tool.RunAsync(
                "ip", ["link", "add", "name", Bridge, "address", HardwareAddress, "type", "bridge"], cancel);
        }
        catch (InvalidOperationException) when (Exists)
        {
            return false;
        }

        await Tool.RunAsync("ip", ["address", "add", Gateway + "/24", "dev", Bridge], cancel);
        await Tool.RunAsync("ip", ["link", "set", Bridge, "up"], cancel);
        return true;
    }

    /// <summary>Lets the daemon's containers reach what this host reaches.</summary>
    /// <returns>Whether forwarding had to be switched on for it.</returns>
    internal async Task<bool> OpenAsync(string machine, CancellationToken cancel)
    {
        var comment = $"-m comment --comment {Comment(machine)}";
        await Tool.RunAsync("iptables-restore", ["-w", "10", "--noflush"], cancel, $"""
            *nat
            -A POSTROUTING -s {Subnet} ! -o {Bridge} {comment} -j MASQUERADE
            COMMIT
            *filter
            -I FORWARD -i {Bridge} {comment} -j ACCEPT
            -I FORWARD -o {Bridge} -m conntrack --ctstate RELATED,ESTABLISHED {comment} -j ACCEPT
            COMMIT

            """);

        if ((await File.ReadAllTextAsync(Forwarding, cancel)).Trim() != "0")
            return false;
        await File.WriteAllTextAsync(Forwarding, "1", cancel);
        return true;
    }

    /// <summary>Takes away what there is of it.</summary>
    internal async Task RemoveAsync(string machine, CancellationToken cancel)
    {
        if (Tool.Find("iptables-save") is not null)
            await CloseAsync(machine, cancel);
        if (!IsOurs)
            return;

        // A daemon that was killed while it connected a container, or took one off, leaves both ends of the cable here.
        // While the bridge is there, nobody else has this subnet.
        while (Cables().FirstOrDefault() is { } cable)
            await CutAsync(cable, cancel);
        await Tool.RunAsync("ip", ["link", "delete", Bridge], cancel);
    }

    private static async Task CutAsync(string cable, CancellationToken cancel)
    {
        try
        {
            await Tool.RunAsync("ip", ["link", "delete", cable], cancel);
        }
        catch (InvalidOperationException) when (!Directory.Exists(Interfaces + cable))
        {
            // the kernel was quicker: it went with its container's network
        }
    }

    // Docker makes the hardware address of a container's end of its IP address.
    private IEnumerable<string> Cables()
    {
        var subnet = IPAddress.Parse(Gateway).GetAddressBytes();
        var mark = $"02:42:{subnet[0]:x2}:{subnet[1]:x2}:{subnet[2]:x2}:";
        return
            from path in Directory.EnumerateFileSystemEntries(Interfaces)
            let name = Path.GetFileName(path)
            where Directory.Exists($"{Interfaces}{Bridge}/brif/{name}")
                || AddressOf(name).StartsWith(mark, StringComparison.Ordinal)
            select name;
    }

    private static string AddressOf(string name)
    {
        try
        {
            return File.ReadAllText($"{Interfaces}{name}/address").Trim();
        }
        catch (IOException)
        {
            return ""; // it went meanwhile
        }
    }

    private bool Exists => Directory.Exists(Interfaces + Bridge);

    private bool IsOurs => Exists && AddressOf(Bridge) == HardwareAddress;

    // The rules say whose they are; each is put back to iptables as it was shown, to be deleted.
    private static async Task CloseAsync(string machine, CancellationToken cancel)
    {
        var mark = $"--comment \"{Comment(machine)}\"";
        var rules = await Tool.RunAsync("iptables-save", [], cancel);
        if (!rules.Contains(mark, StringComparison.Ordinal))
            return;
        var deletion = rules.Split('\n')
            .Where(line => line.StartsWith('*') || line == "COMMIT" || line.Contains(mark, StringComparison.Ordinal))
            .Select(line => line.StartsWith("-A ", StringComparison.Ordinal) ? "-D " + line[3..] : line);
        await Tool.RunAsync("iptables-restore", ["-w", "10", "--noflush"], cancel, string.Join('\n', deletion) + "\n");
    }

    private static string Comment(string machine) => $"builds:{machine}:"; // the end: no name is another's beginning

    private static string NewMark() =>
        "02:" + string.Join(':', RandomNumberGenerator.GetBytes(5).Select(b => $"{b:x2}")); // 02: locally administered
}
