using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Builds.Parts;

/// <summary>One connection through a <see cref="FaultProxy"/>.</summary>
internal sealed class ProxiedConnection(Socket client, IPEndPoint target, Fault fault) : IDisposable
{
    private readonly Socket _server = new(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _cut = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Fault _fault = fault;
    private long _carried;

    public void Set(Fault next)
    {
        lock (_lock)
        {
            _fault = next;
            _carried = 0;
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Cut() => _cut.Cancel();

    public async Task RunAsync()
    {
        try
        {
            await PassableAsync();
            await _server.ConnectAsync(target, _cut.Token);
            var both = new[] { PumpAsync(client, _server), PumpAsync(_server, client) };
            await await Task.WhenAny(both);
            await Task.WhenAll(both);
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // closing with a zero linger resets: the other side sees a cut, not an orderly end
            client.LingerState = new LingerOption(true, 0);
            _server.LingerState = new LingerOption(true, 0);
            await _cut.CancelAsync();
        }
    }

    public void Dispose()
    {
        client.Dispose();
        _server.Dispose();
        _cut.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            await PassableAsync();
            var size = Now() is Fault.Slow slow ? Math.Clamp(slow.BytesPerSecond / 10, 1, buffer.Length) : buffer.Length;
            var watch = Stopwatch.StartNew();
            var count = await from.ReceiveAsync(buffer.AsMemory(0, size), _cut.Token);
            await PassableAsync();
            if (count == 0)
            {
                to.Shutdown(SocketShutdown.Send);
                return;
            }

            if (Now() is Fault.CutAfter limit && Interlocked.Add(ref _carried, count) > limit.Bytes)
                await _cut.CancelAsync();
            for (var sent = 0; sent < count;)
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _cut.Token);
            if (Now() is Fault.Slow speed)
                await PaceAsync(count, speed.BytesPerSecond, watch.Elapsed);
        }
    }

    private async Task PaceAsync(int count, int bytesPerSecond, TimeSpan taken)
    {
        var rest = TimeSpan.FromSeconds((double)count / bytesPerSecond) - taken;
        if (rest > TimeSpan.Zero)
            await Task.WhenAny(Task.Delay(rest, _cut.Token), Changed()); // its slowness is what is played
    }

    private async Task PassableAsync()
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_fault is not Fault.Hang)
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(_cut.Token);
        }
    }

    private Fault Now()
    {
        lock (_lock)
            return _fault;
    }

    private Task Changed()
    {
        lock (_lock)
            return _changed.Task;
    }
}
