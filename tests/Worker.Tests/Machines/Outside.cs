using Builds.Parts;

namespace Builds.Worker.Tests.Machines;

/// <summary>
/// A place beyond this host that knows the way back to the host alone: an answer from there to a container is proof that
/// it was asked under the host's own address.
/// </summary>
public sealed class Outside : IAsyncDisposable
{
    private readonly string _name = "out" + Guid.NewGuid().ToString("N")[..8];
    private readonly int _octet = Random.Shared.Next(256);

    /// <summary>The host's own, as it is seen from there: no loopback, and nobody else's.</summary>
    public string HostAddress => $"198.18.{_octet}.1";

    public string Address => $"198.18.{_octet}.2";

    public static async Task<Outside> CreateAsync()
    {
        var outside = new Outside();
        var name = outside._name;
        await Ip("netns", "add", name);
        await Ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
        await Ip("address", "add", $"198.18.{outside._octet}.1/30", "dev", name);
        await Ip("link", "set", name, "up");
        await Ip("-n", name, "address", "add", outside.Address + "/30", "dev", "eth0");
        await Ip("-n", name, "link", "set", "eth0", "up");
        return outside;
    }

    public async ValueTask DisposeAsync()
    {
        await Ip("link", "delete", _name);
        await Ip("netns", "delete", _name);
    }

    private static Task<string> Ip(params string[] arguments) => Command.RunAsync("ip", arguments);
}
