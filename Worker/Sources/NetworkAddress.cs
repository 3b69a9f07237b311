using System.Net;
using System.Net.Sockets;

namespace Builds.Worker.Sources;

/// <summary>
/// Tells the addresses that anybody on the internet can reach from those that only this machine or its network can: a
/// URL from outside must not make the service speak to the latter. After the IANA special-purpose registries
/// (RFC 6890).
/// </summary>
public static class NetworkAddress
{
    private static readonly IPNetwork[] Closed4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32", // public by number, yet it is the platform's own service inside every Azure machine
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    /// <summary>Within <see cref="Global6"/>: protocol assignments with Teredo, and documentation.</summary>
    private static readonly IPNetwork[] Closed6 =
    [
        IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("3fff::/20"),
    ];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !Closed4.Any(network => network.Contains(address));
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        var bytes = address.GetAddressBytes();
        if (address.IsIPv4MappedToIPv6)
            return IsPublic(address.MapToIPv4());
        // A router on the way takes the IPv4 address out of these and goes there.
        if (Nat64.Contains(address))
            return IsPublic(new IPAddress(bytes.AsSpan(12, 4)));
        if (SixToFour.Contains(address))
            return IsPublic(new IPAddress(bytes.AsSpan(2, 4)));
        return Global6.Contains(address) && !Closed6.Any(network => network.Contains(address));
    }
}
