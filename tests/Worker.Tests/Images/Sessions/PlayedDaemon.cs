using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Builds.Worker.Images;
using Builds.Worker.Images.Sessions;
using Google.Protobuf;
using Grpc.Core;

namespace Builds.Worker.Tests.Images.Sessions;

/// <summary>A daemon that takes part in a session and asks for whatever it likes, in BuildKit's own way.</summary>
internal sealed class PlayedDaemon : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task<HttpClient?> _callingBack;
    private int _connections;

    /// <param name="answer">To the wish for a session; nothing but the end of the connection where it is empty.</param>
    public PlayedDaemon(string answer = "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c")
    {
        _listener.Start();
        _callingBack = AnswerAsync(answer);
    }

    public DaemonEndpoint Endpoint => new(new Uri($"tcp://{_listener.LocalEndpoint}"), null);

    /// <summary>Calls back: names a folder and then asks for files by their numbers.</summary>
    public async Task<Answer> AskAsync(string folder, params uint[] files)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://worker/moby.filesync.v1.FileSync/DiffCopy")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([.. files.SelectMany(id => Framed(Packet.Types.PacketType.Request, id)),
                .. Framed(Packet.Types.PacketType.End)]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.ParseAdd("trailers");
        request.Headers.TryAddWithoutValidation("dir-name", folder);

        using var answer = await (await _callingBack)!.SendAsync(request);
        var packets = Packets(await answer.Content.ReadAsByteArrayAsync());
        var status = (answer.TrailingHeaders.TryGetValues("grpc-status", out var values) ? values
            : answer.Headers.GetValues("grpc-status")).Single();
        return new Answer((StatusCode)int.Parse(status, CultureInfo.InvariantCulture), packets);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        (await _callingBack)?.Dispose();
    }

    private async Task<HttpClient?> AnswerAsync(string answer)
    {
        var connection = new NetworkStream(await _listener.AcceptSocketAsync(), ownsSocket: true);
        var asked = new StringBuilder();
        var letter = new byte[1];
        while (!asked.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await connection.ReadAsync(letter) > 0)
            asked.Append((char)letter[0]);
        if (answer.Length == 0)
            _listener.Stop(); // whoever was hung up on calls again, and nobody would take it up
        else
            await connection.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\n\r\n"));
        if (answer.StartsWith("101", StringComparison.Ordinal))
            return new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, _) => OnlyOnce(connection) });
        await connection.DisposeAsync();
        return null;
    }

    private ValueTask<Stream> OnlyOnce(Stream connection) => Interlocked.Exchange(ref _connections, 1) == 0
        ? new ValueTask<Stream>(connection)
        : throw new IOException("The session has ended: only one connection is allowed.");

    private static byte[] Framed(Packet.Types.PacketType type, uint id = 0)
    {
        var packet = new Packet { Type = type, Id = id }.ToByteArray();
        var frame = new byte[5 + packet.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), packet.Length);
        packet.CopyTo(frame, 5);
        return frame;
    }

    private static List<Packet> Packets(byte[] body)
    {
        var packets = new List<Packet>();
        for (var at = 0; at < body.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
            packets.Add(Packet.Parser.ParseFrom(body, at + 5, length));
            at += 5 + length;
        }

        return packets;
    }

    internal sealed record Answer(StatusCode Status, IReadOnlyList<Packet> Packets)
    {
        /// <summary>Of what there is.</summary>
        public IEnumerable<string> Paths => Packets.Where(packet => packet.Stat is not null).Select(packet => packet.Stat.Path);

        /// <summary>Of the files that were sent.</summary>
        public IEnumerable<string> Texts =>
            Packets.Where(packet => packet.Type == Packet.Types.PacketType.Data && packet.Data.Length > 0)
                .Select(packet => packet.Data.ToStringUtf8());
    }
}
