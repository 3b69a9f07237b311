using System.IO.Pipelines;
using System.Text;

namespace Builds.Gateway.Following;

/// <summary>
/// For <c>curl -N</c>: the lines as they were printed; our own begin with three dashes, but for the last.
/// </summary>
public sealed class TextOutput(PipeWriter writer) : ILogOutput
{
    public async Task BatchAsync(LogBatch batch, int skip, CancellationToken cancel)
    {
        batch.InflateTo(writer);
        await writer.FlushAsync(cancel);
    }

    public Task NoteAsync(string note, CancellationToken cancel) => LineAsync($"--- {note}", cancel);

    public Task EndAsync(string outcome, CancellationToken cancel) => LineAsync(outcome, cancel);

    public Task IdleAsync(CancellationToken cancel) => Task.CompletedTask;

    private async Task LineAsync(string line, CancellationToken cancel)
    {
        Encoding.UTF8.GetBytes(line.ReplaceLineEndings(" ") + "\n", writer);
        await writer.FlushAsync(cancel);
    }
}
