using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Builds.Parts;

/// <summary>What a <see cref="FaultProxy"/> does to the connections through it, also to those that are open already.</summary>
public abstract record Fault
{
    private Fault()
    {
    }

    public sealed record Pass : Fault;

    /// <summary>Nobody listens: connection refused; open connections are cut.</summary>
    public sealed record Refuse : Fault;

    /// <summary>Accepts and says nothing.</summary>
    public sealed record Hang : Fault;

    /// <summary>In each direction of each connection.</summary>
    public sealed record Slow(int BytesPerSecond) : Fault;

    /// <summary>Resets every connection that has carried that many bytes, both directions counted, since this was set.</summary>
    public sealed record CutAfter(long Bytes) : Fault;
}

/// <summary>TCP proxy before a real part, with faults that are switched while it runs.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly IPEndPoint _target;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<ProxiedConnection, Task> _connections = [];
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private volatile Fault _fault = new Fault.Pass();
    private long _accepted;

    private FaultProxy(IPEndPoint target, int port)
    {
        _target = target;
        Port = port;
    }

    public int Port { get; }

    /// <summary><c>127.0.0.1:port</c></summary>
    public string Host => $"127.0.0.1:{Port}";

    /// <summary>Connections accepted so far.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    public static FaultProxy Before(int port) => Before(new IPEndPoint(IPAddress.Loopback, port));

    public static FaultProxy Before(IPEndPoint target)
    {
        var proxy = new FaultProxy(target, FreePort.Next());
        proxy.Listen();
        return proxy;
    }

    public async Task SetAsync(Fault fault)
    {
        _fault = fault;
        foreach (var connection in _connections.Keys)
            connection.Set(fault);
        if (fault is Fault.Refuse)
        {
            await UnlistenAsync();
            await CutAsync();
        }
        else
            Listen();
    }

    /// <summary>Resets the connections that are open now; new ones are served.</summary>
    public async Task CutAsync()
    {
        var open = _connections.ToArray();
        foreach (var (connection, _) in open)
            connection.Cut();
        await Task.WhenAll(open.Select(connection => connection.Value));
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await UnlistenAsync();
        await CutAsync();
        _end.Dispose();
    }

    private void Listen()
    {
        if (_listener is not null)
            return;
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Start();
        _accepting = AcceptAsync(_listener);
    }

    private async Task UnlistenAsync()
    {
        _listener?.Stop();
        _listener = null;
        await _accepting;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync(_end.Token);
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            Interlocked.Increment(ref _accepted);
            var connection = new ProxiedConnection(client, _target, _fault);
            var started = new TaskCompletionSource();
            _connections[connection] = RunAsync(connection, started.Task);
            started.SetResult();
        }
    }

    private async Task RunAsync(ProxiedConnection connection, Task registered)
    {
        await registered;
        await connection.RunAsync();
        _connections.TryRemove(connection, out _);
        connection.Dispose();
    }
}
