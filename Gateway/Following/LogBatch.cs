using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;

namespace Builds.Gateway.Following;

/// <summary>A <see cref="BuildLog"/> as it is kept: its lines as one deflated text, ready to be sent on.</summary>
public sealed record LogBatch
{
    public required long Attempt { get; init; }
    public required long Sequence { get; init; }

    /// <summary>JSON: a list of <see cref="Run"/>.</summary>
    public required string Runs { get; init; }

    public required byte[] Body { get; init; }

    /// <param name="At">Unix milliseconds.</param>
    public sealed record Run(string Step, long At, int Lines);

    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\r\n");

    public static LogBatch From(BuildLog log)
    {
        var body = new MemoryStream();
        using (var deflated = new DeflateStream(body, CompressionLevel.Fastest))
        using (var text = new StreamWriter(deflated, new UTF8Encoding(false), 16 * 1024))
        {
            foreach (var line in log.Runs.SelectMany(run => run.Text))
            {
                // One line stays one line, whatever a publisher makes of it: places in the log are counted by them.
                text.Write(line.AsSpan().ContainsAny(LineEnds) ? line.Replace('\n', ' ').Replace('\r', ' ') : line);
                text.Write('\n');
            }
        }

        var runs = log.Runs.Select(run => new Run(run.Step, run.At.ToUnixTimeMilliseconds(), run.Text.Count));
        return new LogBatch
        {
            Attempt = log.Attempt,
            Sequence = log.Sequence,
            Runs = JsonSerializer.Serialize(runs, BuildQueue.Json),
            Body = body.ToArray(),
        };
    }

    public IReadOnlyList<Run> AllRuns() => JsonSerializer.Deserialize<List<Run>>(Runs, BuildQueue.Json)!;

    /// <summary>Appends the lines, each with its line end.</summary>
    public void InflateTo(IBufferWriter<byte> output)
    {
        using var inflated = new DeflateStream(new MemoryStream(Body), CompressionMode.Decompress);
        while (inflated.Read(output.GetSpan(16 * 1024)) is var read and > 0)
            output.Advance(read);
    }
}
