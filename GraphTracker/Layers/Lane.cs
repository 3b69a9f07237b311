namespace Builds.GraphTracker.Layers;

/// <summary>The questions that one registry is being asked, and how long it is left alone.</summary>
internal sealed class Lane(LayersOptions options)
{
    private readonly Lock _lock = new();
    private readonly Turns _turns = new();
    private readonly Dictionary<(long Image, string Tag, long Manifest), (Task Task, long Turn)> _running = [];

    private DateTimeOffset _until;
    private int _failures;

    /// <summary>Nothing is asked before.</summary>
    public DateTimeOffset Until
    {
        get
        {
            lock (_lock)
                return _until;
        }
    }

    /// <summary>Starts as many as may be asked now, and none that is being asked already.</summary>
    /// <param name="due">The first of that turn, so many of them.</param>
    public void Start(DateTimeOffset now, Func<int, int, IReadOnlyList<Question>> due, Func<Question, Task> ask)
    {
        // What is due is read inside: a question ends only after it was written down what becomes of it.
        lock (_lock)
        {
            if (_until > now)
                return;
            foreach (var question in Choose(due))
                _running[question.Key] = (Task.Run(() => ask(question)), question.Turn);
        }
    }

    public IReadOnlyList<Task> Running()
    {
        lock (_lock)
            return [.. _running.Values.Select(one => one.Task)];
    }

    public void Ended(Question question)
    {
        lock (_lock)
            _running.Remove(question.Key);
    }

    public void Answered()
    {
        lock (_lock)
            _failures = 0; // where it is left alone meanwhile, that was asked for after this
    }

    /// <param name="asked">How long the registry asks to be left alone.</param>
    /// <returns>Until when it is.</returns>
    public DateTimeOffset Failed(DateTimeOffset now, TimeSpan? asked)
    {
        lock (_lock)
        {
            if (_until <= now) // those that were on their way together fail together, and count once
                _until = now + options.Pause(++_failures);
            if (asked is { } pause && now + pause > _until)
                _until = now + pause;
            return _until;
        }
    }

    private IReadOnlyList<Question> Choose(Func<int, int, IReadOnlyList<Question>> due)
    {
        var together = _failures > 0 ? 1 : options.QuestionsTogether; // one alone finds out whether it is there again
        var room = together - _running.Count;
        var late = _running.Values.Count(one => one.Turn == Turns.Late);
        var lateRoom = Math.Max(1, options.QuestionsTogether - 1) - late;
        return room <= 0 ? [] : _turns.Choose(Due(Turns.Fresh), Due(Turns.Late), room, lateRoom);

        IEnumerable<Question> Due(int turn) =>
            due(turn, room + _running.Count).Where(question => !_running.ContainsKey(question.Key));
    }
}
