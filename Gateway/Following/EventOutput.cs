using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Unicode;

namespace Builds.Gateway.Following;

/// <summary>
/// Server-sent events (HTML standard): a line is a message with the id <c>attempt.sequence.line</c>; <c>step</c>,
/// <c>note</c> and <c>end</c> are events of those names. Whoever asks again after the end is told that there is no
/// more.
/// </summary>
public sealed class EventOutput(PipeWriter writer) : ILogOutput
{
    public const string EndId = "end";

    private readonly ArrayBufferWriter<byte> _text = new();
    private string? _step;

    public async Task BatchAsync(LogBatch batch, int skip, CancellationToken cancel)
    {
        _text.ResetWrittenCount();
        batch.InflateTo(_text);
        Write(batch, _text.WrittenSpan, skip);
        await writer.FlushAsync(cancel);
    }

    public Task NoteAsync(string note, CancellationToken cancel) => EventAsync("event: note\ndata: ", note, cancel);

    public Task EndAsync(string outcome, CancellationToken cancel) =>
        EventAsync($"event: end\nid: {EndId}\ndata: ", outcome, cancel);

    public Task IdleAsync(CancellationToken cancel) => EventAsync(": nothing new", "", cancel);

    private void Write(LogBatch batch, ReadOnlySpan<byte> text, int skip)
    {
        var line = 0;
        foreach (var run in batch.AllRuns())
        {
            for (var end = line + run.Lines; line < end; line++)
            {
                var length = text.IndexOf((byte)'\n');
                if (line >= skip)
                {
                    WriteStep(run.Step);
                    WriteLine(batch, line, text[..length]);
                }

                text = text[(length + 1)..];
            }
        }
    }

    private void WriteLine(LogBatch batch, int line, ReadOnlySpan<byte> text)
    {
        var span = writer.GetSpan(text.Length + 100);
        Utf8.TryWrite(span, $"id: {batch.Attempt}.{batch.Sequence}.{line}\ndata: ", out var written);
        text.CopyTo(span[written..]);
        "\n\n"u8.CopyTo(span[(written + text.Length)..]);
        writer.Advance(written + text.Length + 2);
    }

    private void WriteStep(string step)
    {
        if (step == _step)
            return;
        _step = step;
        Encoding.UTF8.GetBytes($"event: step\ndata: {step.ReplaceLineEndings(" ")}\n\n", writer);
    }

    private async Task EventAsync(string head, string text, CancellationToken cancel)
    {
        Encoding.UTF8.GetBytes($"{head}{text.ReplaceLineEndings(" ")}\n\n", writer);
        await writer.FlushAsync(cancel);
    }
}
