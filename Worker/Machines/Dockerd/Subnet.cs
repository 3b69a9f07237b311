using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>An IPv4 range.</summary>
internal readonly record struct Subnet(uint First, int PrefixLength)
{
    private const string Routes = "/proc/net/route";

    public static bool TryParse(string text, [NotNullWhen(true)] out Subnet subnet)
    {
        subnet = default;
        if (!IPNetwork.TryParse(text, out var network)
            || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
            return false;
        subnet = new Subnet(ToNumber(network.BaseAddress), network.PrefixLength);
        return true;
    }

    /// <summary>
    /// Its /24s, each once, from a random one on: processes that choose at the same time rarely meet.
    /// </summary>
    public IEnumerable<Subnet> Parts()
    {
        var count = 1 << (24 - PrefixLength);
        var offset = Random.Shared.Next(count);
        for (var i = 0; i < count; i++)
            yield return new Subnet(First + ((uint)((offset + i) % count) << 8), 24);
    }

    public bool Overlaps(Subnet other)
    {
        var mask = Mask(Math.Min(PrefixLength, other.PrefixLength));
        return (First & mask) == (other.First & mask);
    }

    /// <summary>What this host has addresses in or routes to; the default route does not count.</summary>
    public static List<Subnet> Taken()
    {
        var routes = File.ReadLines(Routes).Skip(1)
            .Select(line => line.Split('\t'))
            .Select(route => new Subnet(FromRoute(route[1]), (int)uint.PopCount(FromRoute(route[7]))))
            .Where(route => route.PrefixLength > 0);
        var addresses = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Where(one => one.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(one => new Subnet(ToNumber(one.Address) & Mask(one.PrefixLength), one.PrefixLength));
        return [.. routes, .. addresses];
    }

    /// <summary>The address in it with this last number.</summary>
    public string Address(uint last) => FromNumber(First + last).ToString();

    public override string ToString() => $"{FromNumber(First)}/{PrefixLength}";

    private static uint Mask(int length) => length == 0 ? 0 : uint.MaxValue << (32 - length);

    // the kernel prints it in the machine's byte order
    private static uint FromRoute(string hex) =>
        (uint)IPAddress.NetworkToHostOrder((int)uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static uint ToNumber(IPAddress address) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress FromNumber(uint number) =>
        new([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
}
