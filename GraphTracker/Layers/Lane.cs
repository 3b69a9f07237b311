namespace Builds.GraphTracker.Layers;

/// <summary>The questions that one registry is being asked, and how long it is left alone.</summary>
internal sealed class Lane
{
    public Dictionary<(long Image, string Tag, long Manifest), Task> Running { get; } = [];

    public DateTimeOffset Until { get; private set; }

    private int Failures { get; set; }

    /// <summary>How many more questions it may be asked now.</summary>
    public int Room(LayersOptions options) => (Failures > 0 ? 1 : options.QuestionsTogether) - Running.Count;

    public void Answered() => (Failures, Until) = (0, default);

    public void Failed(DateTimeOffset now, LayersOptions options)
    {
        if (Until <= now) // those that were on their way together fail together, and count once
            Until = now + options.Pause(++Failures);
    }
}
