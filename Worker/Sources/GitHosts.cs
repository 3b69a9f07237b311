using System.Net;
using System.Net.Sockets;
using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>
/// Where git URLs lead. A name is resolved once, its addresses judged, and just those connected to: a name server that
/// answers differently the next time changes nothing.
/// </summary>
internal sealed class GitHosts(SourceOptions options)
{
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    public async Task<IPAddress[]> ResolveAsync(GitUrl url, CancellationToken cancel)
    {
        IPAddress[] addresses;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(url.Host, cancel);
        }
        catch (SocketException none) when (none.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            throw new GitUnreachableException($"There is no host called {url.Host}; correct the git URL {url}.");
        }
        catch (SocketException fault)
        {
            throw new GitUnreachableException(
                $"The worker cannot resolve {url.Host}: {fault.Message}.", oursToMend: true);
        }
        return await url.RefusalAsync(options.AllowedHosts, (_, _) => Task.FromResult(addresses), cancel) is { } refusal
            ? throw new BuildFailedException(refusal, FailureClass.Policy)
            : addresses;
    }

    public async Task<Stream> ConnectAsync(GitUrl url, CancellationToken cancel)
    {
        SocketException? fault = null;
        foreach (var address in await ResolveAsync(url, cancel))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                using var inTime = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                inTime.CancelAfter(ConnectTimeout);
                await socket.ConnectAsync(address, url.Port, inTime.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException refused)
            {
                (fault, _) = (refused, Discard(socket));
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                (fault, _) = (new SocketException((int)SocketError.TimedOut), Discard(socket));
            }
        }
        throw Unreachable(url, fault?.Message ?? "it has no address");
    }

    public static GitUnreachableException Unreachable(GitUrl url, string why) => new(
        $"The git server {url.Host} cannot be reached at port {url.Port}: {why}. "
        + "See whether it runs and whether the URL is right, then build again.");

    private static bool Discard(Socket socket)
    {
        socket.Dispose();
        return true;
    }
}
