using System.Net;
using System.Net.Sockets;

namespace Builds.Worker.Sources;

/// <summary>
/// Connects to addresses that were judged, and asks no name server again: one that answers differently the next time
/// changes nothing.
/// </summary>
public static class JudgedConnection
{
    /// <summary>For each address.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>An address is its own; the name service would throw at 0.0.0.0, which leads to this machine.</summary>
    public static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancel) =>
        IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancel);

    /// <summary>The first of them that answers.</summary>
    /// <exception cref="SocketException">None does: why the last one did not.</exception>
    public static async Task<Stream> OpenAsync(
        IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancel)
    {
        var fault = new SocketException((int)SocketError.NoData);
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                using var inTime = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                inTime.CancelAfter(Patience);
                await socket.ConnectAsync(address, port, inTime.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e)
            {
                socket.Dispose();
                if (e is OperationCanceledException && !cancel.IsCancellationRequested)
                    fault = new SocketException((int)SocketError.TimedOut);
                else if (e is SocketException refused)
                    fault = refused;
                else
                    throw;
            }
        }

        throw fault;
    }
}
