using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Builds.Parts;

public static class FreePort
{
    // below the kernel's range for outgoing connections, so that none of those takes it before the part does
    private const int First = 10_000;
    private const int Last = 32_000;

    private static readonly ConcurrentDictionary<int, bool> Given = [];

    /// <summary>A loopback port that nobody listens on, and that was not given out before in this process.</summary>
    public static int Next()
    {
        for (var tries = 0; tries < 1_000; tries++)
        {
            var port = Random.Shared.Next(First, Last);
            if (IsFree(port) && Given.TryAdd(port, true))
                return port;
        }

        throw new PartException($"no free port on loopback between {First} and {Last}");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
