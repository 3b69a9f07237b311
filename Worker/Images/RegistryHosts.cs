using System.Net;
using System.Net.Sockets;
using Builds.Worker.Sources;

namespace Builds.Worker.Images;

/// <summary>
/// Where registries may lead, by their names, redirects and token servers: to public addresses, and to what an operator
/// allows. A name is resolved once, its addresses judged, and just those connected to.
/// </summary>
/// <param name="allowed">Hosts, or <c>host:port</c>, that are not judged by their addresses.</param>
internal sealed class RegistryHosts(IReadOnlyList<string> allowed)
{
    private volatile DnsEndPoint? _default;

    /// <summary>Not judged either, at this port.</summary>
    public DnsEndPoint? Default { set => _default = value; }

    /// <returns>The rest of a sentence; null where nothing speaks against it, or where the connection will
    /// tell.</returns>
    public async Task<string?> RefusalAsync(DnsEndPoint at, CancellationToken cancel)
    {
        try
        {
            return Refusal(at, await JudgedConnection.ResolveAsync(at.Host, cancel));
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <exception cref="ClosedRegistryException">It is not to be spoken to.</exception>
    public async Task<Stream> ConnectAsync(DnsEndPoint at, CancellationToken cancel)
    {
        var addresses = await JudgedConnection.ResolveAsync(at.Host, cancel);
        return Refusal(at, addresses) is { } refusal
            ? throw new ClosedRegistryException(refusal)
            : await JudgedConnection.OpenAsync(addresses, at.Port, cancel);
    }

    private string? Refusal(DnsEndPoint at, IPAddress[] addresses)
    {
        if (allowed.Any(one => IsAt(one, at)) || _default is { } own && own.Host == at.Host && own.Port == at.Port
            || addresses.FirstOrDefault(address => !NetworkAddress.IsPublic(address)) is not { } closed)
            return null;
        var where = closed.ToString() == at.Host ? "" : $"at {closed}, ";
        return $"the host {at.Host} is {where}an address inside a private network, where builds may not go; an " +
            "operator can allow it by name (Images:AllowedRegistries)";
    }

    private static bool IsAt(string allowed, DnsEndPoint at) =>
        allowed.Trim('[', ']').Equals(at.Host, StringComparison.OrdinalIgnoreCase)
        || allowed.Equals(
            at.Host.Contains(':', StringComparison.Ordinal) ? $"[{at.Host}]:{at.Port}" : $"{at.Host}:{at.Port}",
            StringComparison.OrdinalIgnoreCase);
}
