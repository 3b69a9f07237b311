using System.Net;
using System.Net.Sockets;
using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>
/// Where git URLs lead. A name is resolved once, its addresses judged, and just those connected to.
/// </summary>
internal sealed class GitHosts(SourceOptions options)
{
    public async Task<IPAddress[]> ResolveAsync(GitUrl url, CancellationToken cancel)
    {
        IPAddress[] addresses;
        try
        {
            addresses = await JudgedConnection.ResolveAsync(url.Host, cancel);
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
        var addresses = await ResolveAsync(url, cancel);
        try
        {
            return await JudgedConnection.OpenAsync(addresses, url.Port, cancel);
        }
        catch (SocketException fault)
        {
            throw Unreachable(url, fault.Message);
        }
    }

    public static GitUnreachableException Unreachable(GitUrl url, string why) => new(
        $"The git server {url.Host} cannot be reached at port {url.Port}: {why}. "
        + "See whether it runs and whether the URL is right, then build again.");
}
