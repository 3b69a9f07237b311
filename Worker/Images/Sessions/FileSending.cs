using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Kind = Builds.Worker.Images.Sessions.Packet.Types.PacketType;

namespace Builds.Worker.Images.Sessions;

/// <summary>Sends files as BuildKit takes them: first it is told what there is, then it gets those that it asks for,
/// each once.</summary>
internal sealed class FileSending(
    IAsyncStreamReader<Packet> requests, IServerStreamWriter<Packet> packets, CancellationToken cancel) : IDisposable
{
    private const int Portion = 64 << 10;

    private readonly Channel<uint> _asked = Channel.CreateUnbounded<uint>();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    private readonly List<Func<Stream>?> _files = [];

    /// <exception cref="RpcException">It asks for what there is not, or for more than there is.</exception>
    public async Task SendAsync(IEnumerable<SessionFile> files)
    {
        var reading = ReadAsync(); // meanwhile: whoever asks may not take more before it is heard
        try
        {
            foreach (var file in files)
            {
                _files.Add(file.Open);
                await packets.WriteAsync(new Packet { Type = Kind.Stat, Stat = file.Stat }, cancel);
            }

            await packets.WriteAsync(new Packet { Type = Kind.Stat }, cancel);
            await foreach (var id in _asked.Reader.ReadAllAsync(cancel))
                await SendAsync(id);
            await packets.WriteAsync(new Packet { Type = Kind.End }, cancel);
        }
        finally
        {
            await _stop.CancelAsync();
            await reading;
        }
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>Hands on what is asked for, and why no more is.</summary>
    private async Task ReadAsync()
    {
        try
        {
            await foreach (var packet in requests.ReadAllAsync(_stop.Token))
                if (packet.Type == Kind.Request)
                    _asked.Writer.TryWrite(packet.Id);
                else
                    break;
            _asked.Writer.Complete();
        }
        catch (Exception e)
        {
            _asked.Writer.Complete(e);
        }
    }

    private async Task SendAsync(uint id)
    {
        if (id >= _files.Count || _files[(int)id] is not { } open)
            throw new RpcException(new Status(StatusCode.OutOfRange, $"There is no file {id}, or it was sent before."));
        _files[(int)id] = null;

        await using var file = open();
        var portion = new byte[Portion];
        while (await file.ReadAsync(portion, cancel) is > 0 and var length)
            await packets.WriteAsync(new Packet
            {
                Type = Kind.Data, Id = id, Data = UnsafeByteOperations.UnsafeWrap(portion.AsMemory(0, length)),
            }, cancel);
        await packets.WriteAsync(new Packet { Type = Kind.Data, Id = id }, cancel);
    }
}
