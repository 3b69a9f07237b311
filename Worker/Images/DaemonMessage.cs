using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Docker.DotNet;

namespace Builds.Worker.Images;

/// <summary>One of the JSON lines that a daemon answers a build with.</summary>
/// <param name="Stream">Text of the classic builder.</param>
/// <param name="Trace">BuildKit's StatusResponse.</param>
internal sealed record DaemonMessage(string? Stream, byte[]? Trace, string? ImageId, string? Error)
{
    /// <summary>A tenth of a second's output fits many times; more is not a daemon that means well.</summary>
    private const long Longest = 256 << 20;

    public static async IAsyncEnumerable<DaemonMessage> ReadAsync(PipeReader reader,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var searched = 0L;
        while (true)
        {
            var read = await reader.ReadAsync(cancel);
            var buffer = read.Buffer;
            while (buffer.Slice(searched).PositionOf((byte)'\n') is { } end)
            {
                yield return Parse(buffer.Slice(0, end));
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                searched = 0;
            }

            searched = buffer.Length;
            if (searched > Longest)
                throw new InvalidDataException("The daemon sent a message that does not end.");
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                break;
        }
    }

    /// <summary>The daemon's own words.</summary>
    public static string Said(DockerApiException e)
    {
        try
        {
            using var json = JsonDocument.Parse(e.ResponseBody ?? "");
            return json.RootElement.GetProperty("message").GetString() ?? e.Message;
        }
        catch (Exception unread) when (unread is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    private static DaemonMessage Parse(ReadOnlySequence<byte> line)
    {
        var message = new DaemonMessage(null, null, null, null);
        var json = new Utf8JsonReader(line);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isStream = json.ValueTextEquals("stream");
            var isAux = json.ValueTextEquals("aux");
            var isError = json.ValueTextEquals("error");
            json.Read();
            if (isStream && json.TokenType == JsonTokenType.String)
                message = message with { Stream = json.GetString() };
            else if (isError && json.TokenType == JsonTokenType.String)
                message = message with { Error = json.GetString() };
            else if (isAux && json.TokenType == JsonTokenType.String)
                message = message with { Trace = json.GetBytesFromBase64() };
            else if (isAux && json.TokenType == JsonTokenType.StartObject)
                message = message with { ImageId = IdOf(ref json) ?? message.ImageId };
            else
                json.Skip();
        }

        return message;
    }

    private static string? IdOf(ref Utf8JsonReader json)
    {
        string? id = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isId = json.ValueTextEquals("ID");
            json.Read();
            if (isId)
                id = json.GetString();
            else
                json.Skip();
        }

        return id;
    }
}
