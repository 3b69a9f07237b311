namespace Builds.GraphTracker.Layers;

/// <summary>
/// Who is asked next in one registry: what was told just now goes before what can wait or was asked in vain, and never
/// keeps it waiting for ever.
/// </summary>
internal sealed class Turns
{
    public const int Fresh = 0;
    public const int Late = 1;

    private const int MostFreshBeforeLate = 3;

    private int _sinceLate; // fresh ones that have gone before late ones

    public static int Of(string source) => source is "push" or "build" ? Fresh : Late;

    /// <summary>Those that are to be started, in order.</summary>
    /// <param name="fresh">Due, none of them running; the late ones as well.</param>
    /// <param name="lateRoom">How many late ones may be started at most: one slot is kept for a push.</param>
    public IReadOnlyList<Question> Choose(
        IEnumerable<Question> fresh, IEnumerable<Question> late, int room, int lateRoom)
    {
        var chosen = new List<Question>();
        var (told, waiting) = (new Queue<Question>(fresh), new Queue<Question>(late));
        while (chosen.Count < room)
        {
            var mayBeLate = waiting.Count > 0 && lateRoom > 0;
            if (mayBeLate && (told.Count == 0 || _sinceLate >= MostFreshBeforeLate))
            {
                chosen.Add(waiting.Dequeue());
                (_sinceLate, lateRoom) = (0, lateRoom - 1);
            }
            else if (told.TryDequeue(out var next))
            {
                chosen.Add(next);
                if (waiting.Count > 0)
                    _sinceLate++;
            }
            else
            {
                break;
            }
        }

        return chosen;
    }
}
