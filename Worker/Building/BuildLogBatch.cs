using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>The lines of the next batch. Those that share a step and a quarter of a second are one run.</summary>
public sealed class BuildLogBatch
{
    /// <summary>How long lines are kept back so that others can join them.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromMilliseconds(250);

    private const int Full = 64 * 1024;

    private List<LogRun> _runs = [];
    private List<string> _text = [];
    private string _step = "";
    private DateTimeOffset _at;
    private int _bytes;

    public bool IsFull => _bytes >= Full;

    public void Add(string step, IReadOnlyCollection<string> lines, DateTimeOffset now)
    {
        if (step != _step || now - _at > Age)
        {
            EndRun();
            (_step, _at) = (step, now);
        }

        _text.AddRange(lines);
        _bytes += lines.Sum(line => line.Length + 3);
    }

    /// <summary>All so far; they stay until <see cref="Clear"/>, so that an interrupted delivery loses none.</summary>
    public IReadOnlyList<LogRun> Runs()
    {
        EndRun();
        return _runs;
    }

    public void Clear() => (_runs, _bytes) = ([], 0);

    private void EndRun()
    {
        if (_text.Count == 0)
            return;
        _runs.Add(new LogRun { Step = _step, At = _at, Text = _text });
        _text = [];
    }
}
