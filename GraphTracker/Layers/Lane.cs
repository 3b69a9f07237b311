namespace Builds.GraphTracker.Layers;

/// <summary>The questions that one registry is being asked, and how long it is left alone.</summary>
internal sealed class Lane
{
    private readonly Turns _turns = new();

    public Dictionary<(long Image, string Tag, long Manifest), (Task Task, int Turn)> Running { get; } = [];

    public DateTimeOffset Until { get; private set; }

    private int Failures { get; set; }

    /// <param name="due">The first of that turn, so many of them.</param>
    /// <returns>Those that are to be asked now.</returns>
    public IReadOnlyList<Question> Choose(LayersOptions options, Func<int, int, IReadOnlyList<Question>> due)
    {
        var room = Room(options);
        var lateRoom = Math.Max(1, options.QuestionsTogether - 1) - Running.Values.Count(one => one.Turn == Turns.Late);
        return room <= 0 ? [] : _turns.Choose(Due(Turns.Fresh), Due(Turns.Late), room, lateRoom);

        IEnumerable<Question> Due(int turn) =>
            due(turn, room + Running.Count).Where(question => !Running.ContainsKey(question.Key));
    }

    public void Answered() => (Failures, Until) = (0, default);

    /// <param name="asked">How long the registry asks to be left alone.</param>
    public void Failed(DateTimeOffset now, LayersOptions options, TimeSpan? asked)
    {
        if (Until <= now) // those that were on their way together fail together, and count once
            Until = now + options.Pause(++Failures);
        if (asked is { } pause && now + pause > Until)
            Until = now + pause;
    }

    // One alone finds out whether it is there again.
    private int Room(LayersOptions options) => (Failures > 0 ? 1 : options.QuestionsTogether) - Running.Count;
}
